#include "engine/message/properties.hpp"
#include "engine/routing/condition.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace troupe;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// A message with some of everything.
struct sample {
  std::string set = [] {
    auto made = properties{};
    made.headers = field_table{
      {{"kind", {"order"}},
       {"zip", {"01234"}},
       {"count", {std::int64_t{9'007'199'254'740'993}}},
       {"ratio", {0.5}},
       {"urgent", {true}},
       {"list", {field_array{}}},
       {"x-odd (name)", {"here"}}}};
    made.type = "created";
    made.priority = 9;
    return encode(made);
  }();
  std::string body = R"({"delay": 121, "name": "Ada", "same": "order",
    "paid": true, "none": null, "in": {"a": [1.5]}})";
  message view{"shop", "order.new", set, body};
};

bool holds(std::string_view text) {
  auto of = sample{};
  return condition::parse(text).value().holds(of.view);
}

std::string fault(std::string_view text) {
  auto read = condition::parse(text);
  return read ? "" : read.error().detail;
}

} // namespace

TEST_CASE("condition: routing keys match topic patterns", "[routing]") {
  CHECK(holds(R"(routing_key matches "order.*")"));
  CHECK(holds(R"(routing_key matches "#")"));
  CHECK_FALSE(holds(R"(routing_key matches "refund.#")"));
  CHECK(holds(R"(header.kind matches "*")"));
  CHECK_FALSE(holds(R"(header.gone matches "#")"));
}

TEST_CASE("condition: texts compare byte by byte", "[routing]") {
  CHECK(holds(R"(header.kind == "order")"));
  CHECK(holds(R"(header.kind != "test")"));
  CHECK(holds(R"("order" == header.kind)"));
  CHECK(holds(R"(exchange < "shoq")"));
  CHECK(holds(R"(property.type >= "created")"));
  CHECK_FALSE(holds(R"(header.kind == "Order")"));
  CHECK_FALSE(holds(R"(header.kind > "order")"));
  CHECK(holds(R"(header.zip != "1234")")); // in quotes: no number
  CHECK(holds(R"(json.delay < "20")"));
}

TEST_CASE("condition: numbers compare as numbers", "[routing]") {
  CHECK(holds("json.delay > 120"));
  CHECK_FALSE(holds("json.delay > 121"));
  CHECK(holds("json.delay >= 121.0"));
  CHECK(holds("json.delay < 1e3"));
  CHECK(holds("-5 < json.delay"));
  CHECK(holds("header.zip == 1234"));
  CHECK(holds("header.ratio <= 0.5"));
  CHECK(holds("property.priority == 9"));
  CHECK(holds("json./in/a/0 == 1.5"));
  CHECK(holds("json.delay > header.ratio"));
}

TEST_CASE("condition: large whole numbers stay exact", "[routing]") {
  CHECK(holds("header.count == 9007199254740993"));
  CHECK(holds("header.count != 9007199254740992"));
  CHECK(holds("header.count < 18446744073709551615"));
}

TEST_CASE("condition: a number is unlike any text", "[routing]") {
  CHECK(holds("json.name != 5"));
  CHECK_FALSE(holds("json.name == 5"));
  CHECK_FALSE(holds("json.name < 5"));
  CHECK_FALSE(holds("json.name >= 5"));
  CHECK_FALSE(holds(R"("5" == 5)"));
}

TEST_CASE("condition: fields compare with each other", "[routing]") {
  CHECK(holds("json.same == header.kind"));
  CHECK(holds("json.name != header.kind"));
  CHECK(holds("json.name < header.kind"));
}

TEST_CASE("condition: booleans are true and false", "[routing]") {
  CHECK(holds("json.paid == true"));
  CHECK(holds("header.urgent != false"));
  CHECK(holds("true"));
  CHECK_FALSE(holds("false"));
  CHECK(holds("true == json.paid"));
}

TEST_CASE("condition: of a missing field only != holds", "[routing]") {
  for (auto field :
       {"header.gone", "json.gone", "json.none", "json.in", "property.app_id",
        "header.list"}) {
    INFO(field);
    CHECK(holds(std::string{field} + " != \"x\""));
    CHECK(holds(std::string{field} + " != 1"));
    for (auto is : {"==", "<", "<=", ">", ">="})
      CHECK_FALSE(holds(std::string{field} + is + "1"));
    CHECK_FALSE(holds(std::string{field} + " contains \"\""));
  }
  CHECK(holds("header.gone != json.gone"));
  CHECK_FALSE(holds("header.gone == json.gone"));
}

TEST_CASE("condition: a body without JSON has no fields", "[routing]") {
  auto of = message{"", "", "", "delay = 121"};
  CHECK_FALSE(condition::parse("json.delay > 1").value().holds(of));
  CHECK(condition::parse("body contains 'delay'").value().holds(of));
}

TEST_CASE("condition: a text is found within another", "[routing]") {
  CHECK(holds(R"(body contains "\"Ada\"")"));
  CHECK(holds("routing_key contains ''"));
  CHECK_FALSE(holds("body contains 'ada'"));
}

TEST_CASE("condition: exists asks for any value", "[routing]") {
  CHECK(holds("exists header.kind"));
  CHECK(holds("exists header.list"));
  CHECK(holds("exists json.none"));
  CHECK(holds("exists property.priority"));
  CHECK(holds("exists json:/in/a/0 and exists body"));
  CHECK_FALSE(holds("exists header.gone"));
  CHECK_FALSE(holds("exists property.app_id or exists json.gone"));
}

TEST_CASE("condition: not binds closest and or loosest", "[routing]") {
  CHECK(holds("true or false and false"));
  CHECK_FALSE(holds("(true or false) and false"));
  CHECK(holds("not false or true"));
  CHECK_FALSE(holds("not (false or true)"));
  CHECK_FALSE(holds("not true and false"));
  CHECK(holds("not not true"));
  CHECK(holds("!false && (false || !!true)"));
  CHECK_FALSE(holds("not header.kind == \"order\""));
  CHECK(holds("true and true and true"));
  CHECK_FALSE(holds("false or false or false"));
}

TEST_CASE("condition: fields take a dot, a colon or quotes", "[routing]") {
  CHECK(holds("header:kind=='order'"));
  CHECK(holds("(header.kind=='order')"));
  CHECK(holds("header.\"x-odd (name)\" == 'here'"));
  CHECK(holds("header:'x-odd (name)' == 'here'"));
  CHECK(holds("json.delay>120&&json.delay<122"));
}

TEST_CASE("condition: keeps its text", "[routing]") {
  auto text = std::string{"json.delay > 120"};
  auto read = condition::parse(text).value();
  text.clear();
  auto copy = read;
  CHECK(copy.to_string() == "json.delay > 120");
  CHECK(copy.holds(sample{}.view));
}

TEST_CASE("condition: a fault tells its column and the cure", "[routing]") {
  struct example {
    std::string text, place, cure;
  };
  for (const auto& [text, place, cure] : std::vector<example>{
         {"", "column 1:", "found the end"},
         {"   ", "column 4:", "expected a field"},
         {"header.kind", "column 12:", "expected a comparison"},
         {"header.kind = 'x'", "column 13:", "write == to compare"},
         {"true & false", "column 6:", "write &&"},
         {"true | false", "column 6:", "write ||"},
         {"header.kind ==", "column 15:", "a text in quotes"},
         {"header.kind == order", "column 16:", "'order' names no key"},
         {"header == 1", "column 1:", "header.NAME"},
         {"header. == 1", "column 1:", "a name must follow"},
         {"kind == 1", "column 1:", "header:NAME"},
         {"property.kind == 1", "column 1:", "message_id"},
         {"(true", "column 6:", "')'"},
         {"true)", "column 5:", "expected and, or, or the end"},
         {"true true", "column 6:", "expected and, or"},
         {"true and", "column 9:", "expected a field"},
         {"exists 5", "column 8:", "a field after exists"},
         {"body matches body", "column 14:", "a text in quotes after matches"},
         {"body contains 5", "column 15:", "a text in quotes after contains"},
         {"'x' matches 'y'", "column 5:", "after a field"},
         {"body == 'x", "column 9:", "closing '"},
         {"body == 'x\\n'", "column 9:", "backslash"},
         {"body == 12x", "column 9:", "'12x' is not a decimal number"},
         {"body == 1e999", "column 9:", "not a decimal number"},
         {"body == -", "column 9:", "not a decimal number"},
         {"body # 1", "column 6:", "'#'"},
         {"'x'", "column 4:", "expected a comparison"}}) {
    INFO(text);
    CHECK_THAT(fault(text), StartsWith(place));
    CHECK_THAT(fault(text), Contains(cure));
  }
}

TEST_CASE("condition: nesting is bounded", "[routing]") {
  auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "true" + std::string(depth, ')');
  };
  CHECK(holds(nested(64)));
  CHECK_THAT(fault(nested(65)), StartsWith("column 66: more than 64"));
  CHECK_THAT(fault(std::string(1'000'000, '(')), Contains("more than 64"));
  CHECK(holds(std::string(100'000, '!') + "true"));
  auto many = std::string{"false"};
  for (int i = 0; i < 10'000; ++i) many += " or (false)";
  CHECK_FALSE(holds(many));
}
