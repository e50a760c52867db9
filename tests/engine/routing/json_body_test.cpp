#include "engine/routing/json_body.hpp"

#include <catch2/catch.hpp>

using troupe::json_body;

TEST_CASE("json_body: is parsed once, when first asked", "[routing]") {
  auto text = std::string{R"({"a": 1, "b": "x"})"};
  auto body = json_body{text};
  auto scratch = std::string{};
  text[6] = '2'; // not read yet
  CHECK(body.field("a", scratch) == "2");
  text[6] = '3';
  CHECK(body.field("a", scratch) == "2");
  CHECK(body.field("b", scratch) == "x");
}

TEST_CASE("json_body: knows null, objects and arrays are there", "[routing]") {
  auto body = json_body{R"({"none": null, "in": {}, "list": [1]})"};
  CHECK(body.has("none"));
  CHECK(body.has("in"));
  CHECK(body.has("/list/0"));
  CHECK_FALSE(body.has("/list/1"));
  CHECK_FALSE(body.has("gone"));
  CHECK_FALSE(json_body{"no JSON"}.has("none"));
}
