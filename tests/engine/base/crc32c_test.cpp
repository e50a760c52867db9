#include "engine/base/crc32c.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace troupe;

TEST_CASE("crc32c: gives the sums that RFC 3720 lists") {
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(crc32c("") == 0);
}

TEST_CASE("crc32c: is the same with and without the processor's instruction") {
  auto bytes = std::string{};
  for (int i = 0; i < 100; ++i) {
    CHECK(crc32c(bytes) == portable_crc32c(bytes));
    bytes += static_cast<char>(i * 37);
  }
}

TEST_CASE("crc32c: goes on over parts as over the whole") {
  auto whole = std::string{"a head and, behind it, a body"};
  for (std::size_t at = 0; at <= whole.size(); ++at)
    CHECK(
      crc32c(whole.substr(at), crc32c(whole.substr(0, at))) == crc32c(whole));
}
