#include "tests/engine/source/cutting.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;
using texts = std::vector<std::string>;

namespace {

cutting cut_json(std::string_view input, std::uint64_t limit = 1024) {
  return cut_whole(record_kind::json, input, limit);
}

} // namespace

TEST_CASE("json_cutter: an element is a record", "[source]") {
  auto made = cut_json(R"([{"a":1}, {"b":2}])");
  CHECK(
    made.records
    == std::vector<piece>{{R"({"a":1})", 1, 8}, {R"({"b":2})", 2, 17}});
  CHECK(made.fault == error{});
}

TEST_CASE("json_cutter: elements keep their bytes", "[source]") {
  auto made =
    cut_json(" [ {\n \"a\" : [ 1 ] }\n,\t[ ] ,\"x\" , -1.5e3 ,true\r\n] ");
  CHECK(
    made.bodies()
    == texts{"{\n \"a\" : [ 1 ] }", "[ ]", "\"x\"", "-1.5e3", "true"});
  CHECK(made.fault == error{});
}

TEST_CASE("json_cutter: brackets in strings are text", "[source]") {
  auto made = cut_json(R"([{"]}":"[{"},"a\"]\\",["\\\"",{}]])");
  CHECK(
    made.bodies() == texts{R"({"]}":"[{"})", R"("a\"]\\")", R"(["\\\"",{}])"});
  CHECK(made.fault == error{});
}

TEST_CASE("json_cutter: an empty array has no records", "[source]") {
  auto made = cut_json("\xef\xbb\xbf [ ]\n");
  CHECK(made == cutting{});
}

TEST_CASE("json_cutter: depth is no limit", "[source]") {
  auto deep = std::string(5000, '[') + std::string(5000, ']');
  auto made = cut_json('[' + deep + ']', 10000);
  CHECK(made.bodies() == texts{deep});
}

TEST_CASE("json_cutter: what is wrong is said with its place", "[source]") {
  auto [input, fault] = GENERATE(table<std::string, std::string>({
    {R"({"a":1})", "record 1 (at byte 0): a JSON array was expected, not '{'; "
                   "where each line "
                   "is a value of its own, the format is ndjson"},
    {"\n", "record 1 (at byte 1): the input ends before a JSON array"},
    {"[1 2]", "record 2 (at byte 3): ',' or ']' was expected, not '2'"},
    {"[1,,2]", "record 2 (at byte 3): no JSON value begins with ','"},
    {"[1,]", "record 2 (at byte 3): no JSON value begins with ']'"},
    {"[,1]", "record 1 (at byte 1): no JSON value begins with ','"},
    {"[\x01]", "record 1 (at byte 1): no JSON value begins with the byte 0x01"},
    {"[nul]", "record 1 (at byte 1): 'nul' is no JSON value"},
    {"[1}]", "record 1 (at byte 1): '1}' is no JSON value"},
    {"[{]}]", "record 1 (at byte 2): ']' closes what is not open"},
    {"[1] [2]", "record 2 (at byte 4): nothing may follow the array, but '[' "
                "does"},
    {R"([1,{"a":"b)",
     "record 2 (at byte 3): the input ends at byte 10, within this element; is "
     "it whole?"},
    {"[1,2",
     "record 2 (at byte 3): the input ends at byte 4, within this element; is "
     "it whole?"},
    {"[{},{} ", "record 3 (at byte 7): the input ends, but its array does not: "
                "']' is missing behind record 2"},
  }));
  auto made = cut_json(input);
  CHECK(made.fault.code == errc::bad_input);
  CHECK(made.fault.detail == fault);
}

TEST_CASE("json_cutter: what comes before a fault is there", "[source]") {
  CHECK(cut_json("[1,[2],oops").bodies() == texts{"1", "[2]"});
}

TEST_CASE(
  "json_cutter: an element as long as allowed is a record", "[source]") {
  CHECK(
    cut_json(R"([12345 , "abc",[111]])", 5).bodies()
    == texts{"12345", R"("abc")", "[111]"});
}

TEST_CASE("json_cutter: a longer element is refused", "[source]") {
  auto input =
    GENERATE("[1, 123456]", R"([1, "abcd"])", "[1, [1111]]", "[1, [111111");
  auto made = cut_json(input, 5);
  CHECK(made.bodies() == texts{"1"});
  CHECK(
    made.fault.detail
    == "record 2 (at byte 4): it is longer than 5 bytes; raise max_record of "
       "the source, or check its format");
}
