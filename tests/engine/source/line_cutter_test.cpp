#include "tests/engine/source/cutting.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;
using texts = std::vector<std::string>;

namespace {

texts lines_of(std::string_view input) {
  return cut_whole(record_kind::lines, input).bodies();
}

texts values_of(std::string_view input) {
  return cut_whole(record_kind::ndjson, input).bodies();
}

} // namespace

TEST_CASE("line_cutter: a line is a record", "[source]") {
  auto made = cut_whole(record_kind::lines, "one\ntwo\n");
  CHECK(made.records == std::vector<piece>{{"one", 1, 4}, {"two", 2, 8}});
  CHECK(made.fault == error{});
}

TEST_CASE("line_cutter: the last line needs no line feed", "[source]") {
  auto made = cut_whole(record_kind::lines, "one\ntwo");
  CHECK(made.records == std::vector<piece>{{"one", 1, 4}, {"two", 2, 7}});
}

TEST_CASE("line_cutter: a carriage return at the end is left out", "[source]") {
  CHECK(
    lines_of("one\r\nt\rwo\r\n\r\nend\r") == texts{"one", "t\rwo", "", "end"});
}

TEST_CASE("line_cutter: empty lines are records", "[source]") {
  CHECK(lines_of("\n\na\n\n") == texts{"", "", "a", ""});
}

TEST_CASE("line_cutter: nothing has no lines", "[source]") {
  CHECK(lines_of("").empty());
}

TEST_CASE("line_cutter: bytes stay as they are", "[source]") {
  using namespace std::string_view_literals;
  CHECK(lines_of("a\0b\xff\n"sv) == texts{std::string{"a\0b\xff"sv}});
}

TEST_CASE("line_cutter: blank lines are no ndjson", "[source]") {
  auto made = cut_whole(record_kind::ndjson, "\n{}\n \t\r\n[1]\n\n");
  CHECK(made.records == std::vector<piece>{{"{}", 1, 4}, {"[1]", 2, 12}});
}

TEST_CASE("line_cutter: ndjson is not checked", "[source]") {
  CHECK(values_of("{oops\n7\n") == texts{"{oops", "7"});
}

TEST_CASE("line_cutter: a byte order mark is no part of ndjson", "[source]") {
  CHECK(
    values_of("\xef\xbb\xbf{}\n\xef\xbb\xbf{}\n")
    == texts{"{}", "\xef\xbb\xbf{}"});
}

TEST_CASE("line_cutter: a line as long as allowed is a record", "[source]") {
  auto made = cut_whole(record_kind::lines, "12345\n12345", 5);
  CHECK(made.bodies() == texts{"12345", "12345"});
}

TEST_CASE("line_cutter: a longer line says where and what to do", "[source]") {
  auto made = cut_whole(record_kind::lines, "ab\n123456\ncd\n", 5);
  CHECK(made.bodies() == texts{"ab"});
  CHECK(made.fault.code == errc::bad_input);
  CHECK(
    made.fault.detail
    == "record 2 (at byte 3): it is longer than 5 bytes; raise max_record of "
       "the source, or check its format");
}

TEST_CASE("record_cutter: a fault is for good", "[source]") {
  auto cutter = record_cutter{record_kind::lines, 2};
  auto input = std::string_view{"123\n4\n"};
  CHECK(cutter.cut(input).has_error());
  auto more = std::string_view{"5\n"};
  CHECK(cutter.cut(more).has_error());
  CHECK(cutter.finish().has_error());
}
