#include "engine/source/source_progress.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

TEST_CASE("source_progress: comes back as it was written", "[source]") {
  auto most = ~std::uint64_t{0};
  auto progress = GENERATE_COPY(
    source_progress{}, source_progress{{7, 2}, 30, 99},
    source_progress{{most, most - 1}, 1024, most - 2});
  CHECK((decode_progress(encode(progress)).value() == progress));
}

TEST_CASE("source_progress: has the format that is stored", "[source]") {
  CHECK(
    encode({{7, 2}, 30, 18446744073709551615u})
    == R"({"offset":7,"number":2,"head_bytes":30,)"
       R"("head_hash":18446744073709551615})");
}

TEST_CASE("source_progress: what is damaged is refused", "[source]") {
  auto text = GENERATE(
    "", "{", "[]", "7", R"({"offset":7,"number":2,"head_bytes":30})",
    R"({"offset":-7,"number":2,"head_bytes":30,"head_hash":1})",
    R"({"offset":"7","number":2,"head_bytes":30,"head_hash":1})",
    R"({"offset":7.5,"number":2,"head_bytes":30,"head_hash":1})",
    R"({"offset":7,"number":2,"head_bytes":1025,"head_hash":1})",
    R"({"offset":7,"number":2,"head_bytes":30,"head_hash":1,"x":1})");
  auto read = decode_progress(text);
  REQUIRE(read.has_error());
  CHECK(read.error().code == errc::corrupt);
}
