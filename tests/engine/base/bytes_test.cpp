#include "engine/base/bytes.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace std::string_literals;
using namespace std::string_view_literals;

TEST_CASE("bytes: integers are little-endian at their full width", "[base]") {
  auto out = std::string{};
  put(out, std::uint8_t{1});
  put(out, std::uint16_t{0x0302});
  put(out, std::uint32_t{0x07060504});
  put(out, std::uint64_t{0x0f0e0d0c0b0a0908});
  CHECK(out == "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf"s);
}

TEST_CASE("bytes: a text is its length and its bytes", "[base]") {
  auto out = std::string{};
  put_text(out, "a\0b"sv);
  CHECK(out == "\3\0\0\0a\0b"s);
}

TEST_CASE("bytes: load reads at odd addresses", "[base]") {
  CHECK(load<std::uint32_t>("x\1\2\3\4" + 1) == 0x04030201);
}

TEST_CASE("byte_reader: takes what was put, in order", "[base]") {
  auto bytes = std::string{};
  put(bytes, std::uint16_t{7});
  put_text(bytes, "seven");
  put(bytes, std::uint64_t{77});
  bytes += "rest";
  auto reader = byte_reader{bytes};
  CHECK(reader.take<std::uint16_t>() == 7);
  CHECK(reader.take_text() == "seven");
  CHECK(reader.take<std::uint64_t>() == 77);
  CHECK(reader.rest() == "rest");
  CHECK(reader.take_bytes(4) == "rest");
  CHECK(reader.at_end());
  CHECK(reader.ok());
}

TEST_CASE("byte_reader: what does not fit fails for good", "[base]") {
  auto reader = byte_reader{"abc"};
  CHECK(reader.take<std::uint32_t>() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.take<std::uint8_t>() == 0); // though there were bytes for it
  CHECK(reader.take_bytes(1).empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("byte_reader: every shortened text is refused", "[base]") {
  auto bytes = std::string{};
  put_text(bytes, "twelve bytes");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto reader = byte_reader{std::string_view{bytes}.substr(0, size)};
    CHECK(reader.take_text().empty());
    CHECK_FALSE(reader.ok());
  }
}

TEST_CASE("byte_reader: a length beyond the end is refused", "[base]") {
  auto reader = byte_reader{"\xff\xff\xff\xff"
                            "abc"sv};
  CHECK(reader.take_text().empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("byte_reader: a caller can fail it", "[base]") {
  auto reader = byte_reader{"abc"};
  reader.fail();
  CHECK_FALSE(reader.ok());
  CHECK(reader.at_end());
}

TEST_CASE("byte_reader: taking nothing from nothing is fine", "[base]") {
  auto reader = byte_reader{""};
  CHECK(reader.take_bytes(0).empty());
  CHECK(reader.ok());
}
