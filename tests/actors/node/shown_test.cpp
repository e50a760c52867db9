#include "actors/node/shown.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace troupe;
using namespace std::string_literals;

namespace json = boost::json;

TEST_CASE("shown: text stays as it is") {
  CHECK(shown("") == "");
  CHECK(shown("C:\\x\n\"größer\" 日本 🎭") == "C:\\x\n\"größer\" 日本 🎭");
}

TEST_CASE("shown: no byte of a message takes hold of the terminal") {
  CHECK(shown("\x1b[2J") == "\\x1b[2J");
  CHECK(shown("a\0b\r\t\x7f"s) == "a\\x00b\\x0d\\x09\\x7f");
  // A control character of 8 bits, as UTF-8 writes it.
  CHECK(shown("\xc2\x9b") == "\\xc2\\x9b");
}

TEST_CASE("shown: what is no UTF-8 comes out byte by byte") {
  CHECK(shown("\xff\xfe") == "\\xff\\xfe");
  CHECK(shown("ok \xe6\x97") == "ok \\xe6\\x97");
  CHECK(shown("\xc3(") == "\\xc3(");
  CHECK(shown("\xed\xa0\x80") == "\\xed\\xa0\\x80"); // half a pair of UTF-16
}

TEST_CASE("shown: JSON tells bytes that are no text in base64") {
  auto row = json::object{
    {"scope", "a"},
    {"value", "\x01\xff"},
    {"size", 2},
    {"headers", json::object{{"x", "\xff"}, {"y", "z"}}},
    {"rows", json::array{json::object{{"why", "\xff"}}}}};
  auto expected = json::object{
    {"scope", "a"},
    {"value_base64", "Af8="},
    {"size", 2},
    {"headers", json::object{{"x_base64", "/w=="}, {"y", "z"}}},
    {"rows", json::array{json::object{{"why_base64", "/w=="}}}}};
  CHECK(json_shown(row) == expected);
}
