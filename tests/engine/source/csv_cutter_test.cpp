#include "tests/engine/source/cutting.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;
using texts = std::vector<std::string>;

namespace {

cutting cut_csv(std::string_view input, std::uint64_t limit = 1024) {
  return cut_whole(record_kind::csv, input, limit);
}

} // namespace

TEST_CASE("csv_cutter: a row is an object named by the header", "[source]") {
  auto made = cut_csv("id,name\n1,Ann\n2,Bob\n");
  CHECK(
    made.records
    == std::vector<piece>{
      {R"({"id":"1","name":"Ann"})", 1, 14},
      {R"({"id":"2","name":"Bob"})", 2, 20}});
  CHECK(made.fault == error{});
}

TEST_CASE("csv_cutter: quoted fields may hold anything", "[source]") {
  auto made =
    cut_csv("\"a,b\",c\r\n\"x\r\ny\",\"say \"\"hi\"\"\"\r\n\"\",\r\n");
  CHECK(
    made.bodies()
    == texts{R"({"a,b":"x\r\ny","c":"say \"hi\""})", R"({"a,b":"","c":""})"});
  CHECK(made.fault == error{});
}

TEST_CASE("csv_cutter: the last row needs no line end", "[source]") {
  CHECK(cut_csv("a\n1").bodies() == texts{R"({"a":"1"})"});
  CHECK(cut_csv("a\n\"1\"").bodies() == texts{R"({"a":"1"})"});
}

TEST_CASE("csv_cutter: fields that lack are empty", "[source]") {
  CHECK(cut_csv("a,b,c\n1\n").bodies() == texts{R"({"a":"1","b":"","c":""})"});
}

TEST_CASE("csv_cutter: fields too many are kept", "[source]") {
  CHECK(
    cut_csv("a\n1,2,\n").bodies() == texts{R"({"a":"1","_extra":["2",""]})"});
}

TEST_CASE("csv_cutter: a column without a name gets one", "[source]") {
  CHECK(
    cut_csv(",b,\n1,2,3\n").bodies()
    == texts{R"({"column_1":"1","b":"2","column_3":"3"})"});
}

TEST_CASE("csv_cutter: empty rows are left out", "[source]") {
  auto made = cut_csv("\r\na\n\n1\n\r\n2\n\n");
  CHECK(made.bodies() == texts{R"({"a":"1"})", R"({"a":"2"})"});
  CHECK(made.records.back().number == 2);
}

TEST_CASE("csv_cutter: a byte order mark is no part of a name", "[source]") {
  CHECK(
    cut_csv("\xef\xbb\xbf"
            "a\n1\n")
      .bodies()
    == texts{R"({"a":"1"})"});
  CHECK(
    cut_csv("\xef\xbb\xbf\"a,b\"\n1\n").bodies() == texts{R"({"a,b":"1"})"});
}

TEST_CASE(
  "csv_cutter: a quote within a plain field is a character", "[source]") {
  CHECK(
    cut_csv("a,b\n5\" disk,x\n").bodies()
    == texts{R"({"a":"5\" disk","b":"x"})"});
}

TEST_CASE("csv_cutter: without rows there are no records", "[source]") {
  CHECK(cut_csv("") == cutting{});
  CHECK(cut_csv("a,b") == cutting{});
  CHECK(cut_csv("a,b\n") == cutting{});
}

TEST_CASE("csv_cutter: what is wrong is said with its place", "[source]") {
  auto [input, fault] = GENERATE(table<std::string, std::string>({
    {"a,b,a\n", "the header's column 3, 'a', is named as column 1 is; rename "
                "one of them"},
    {"_extra\n",
     "the header's column 1, '_extra', has a name that is taken; rename it"},
    {"a\n1\n\"x\"y\n",
     "record 2 (at byte 4): at byte 7 something follows the quote that ends a "
     "field; a quote within a field is written twice"},
    {"a\n\"x\"\ry\n",
     "record 1 (at byte 2): at byte 6 something follows the quote that ends a "
     "field; a quote within a field is written twice"},
    {"a\n1\n\"x\n",
     "record 2 (at byte 4): the input ends within a quoted field; is it "
     "whole?"},
  }));
  auto made = cut_csv(input);
  CHECK(made.fault.code == errc::bad_input);
  CHECK(made.fault.detail == fault);
}

TEST_CASE("csv_cutter: a row as long as allowed is a record", "[source]") {
  CHECK(
    cut_csv("a\n12345\n\"abc\"\n", 5).bodies()
    == texts{R"({"a":"12345"})", R"({"a":"abc"})"});
}

TEST_CASE("csv_cutter: a longer row is refused", "[source]") {
  auto input =
    GENERATE("a\n1\n123456\n", "a\n1\n\"abcd\"\n", "a\n1\n\"ab\n\nc");
  auto made = cut_csv(input, 5);
  CHECK(made.bodies() == texts{R"({"a":"1"})"});
  CHECK(
    made.fault.detail
    == "record 2 (at byte 4): it is longer than 5 bytes; raise max_record of "
       "the source, or check its format");
}
