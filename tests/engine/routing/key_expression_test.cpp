#include "engine/message/make_message.hpp"
#include "engine/message/properties.hpp"
#include "engine/routing/key_expression.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using Catch::Matchers::Contains;

namespace {

using key_text = std::optional<std::string>;

/// What the expression gives for a message, as text of its own.
key_text key_of(const message& of, std::string_view expression) {
  auto scratch = std::string{};
  auto found = key_expression::parse(expression).value().value(of, scratch);
  return found ? key_text{*found} : std::nullopt;
}

key_text json_key(std::string_view body, std::string_view expression) {
  return key_of({"", "", "", body}, expression);
}

std::string key_fault(std::string_view expression) {
  auto read = key_expression::parse(expression);
  return read ? "" : read.error().detail;
}

} // namespace

TEST_CASE("key_expression: takes the plain parts of a message", "[routing]") {
  auto of = message{"logs", "order.new", "", "the body"};
  CHECK(key_of(of, "exchange") == "logs");
  CHECK(key_of(of, "routing_key") == "order.new");
  CHECK(key_of(of, "body") == "the body");
}

TEST_CASE("key_expression: takes headers of any scalar type", "[routing]") {
  auto set = properties{};
  set.headers = field_table{
    {{"customer", {"c-17"}},
     {"size", {std::int32_t{-5}}},
     {"urgent", {true}},
     {"list", {field_array{}}},
     {"none", {}},
     {"a:b c", {"odd name"}}}};
  auto encoded = encode(set);
  auto of = message{"", "", encoded, ""};
  CHECK(key_of(of, "header:customer") == "c-17");
  CHECK(key_of(of, "header:size") == "-5");
  CHECK(key_of(of, "header:urgent") == "true");
  CHECK(key_of(of, "header:a:b c") == "odd name");
  CHECK(key_of(of, "header:list") == std::nullopt);
  CHECK(key_of(of, "header:none") == std::nullopt);
  CHECK(key_of(of, "header:Customer") == std::nullopt);
}

TEST_CASE("key_expression: takes properties, numbers as text", "[routing]") {
  auto set = properties{};
  set.correlation_id = "call-1";
  set.priority = 7;
  set.timestamp = field_time{1'700'000'000};
  auto encoded = encode(set);
  auto of = message{"", "", encoded, ""};
  CHECK(key_of(of, "property:correlation_id") == "call-1");
  CHECK(key_of(of, "property:priority") == "7");
  CHECK(key_of(of, "property:timestamp") == "1700000000");
  CHECK(key_of(of, "property:type") == std::nullopt);
}

TEST_CASE("key_expression: a string needs no scratch", "[routing]") {
  auto encoded = encode_properties({.headers = {{"customer", "c-17"}}});
  auto scratch = std::string{"as it was"};
  auto key = key_expression::parse("header:customer").value();
  auto found = key.value({"", "", encoded, ""}, scratch).value();
  CHECK(found == "c-17");
  CHECK(scratch == "as it was");
  CHECK(found.data() > encoded.data());
  CHECK(found.data() < encoded.data() + encoded.size());
}

TEST_CASE("key_expression: takes scalars of a JSON body", "[routing]") {
  auto body = R"({"id": "x-1", "n": -12, "big": 18446744073709551615,
    "price": 1.50, "ok": false, "none": null, "in": {"a": [10, {"b/c": "d"}]},
    "a.b": "dot"})";
  CHECK(json_key(body, "json:id") == "x-1");
  CHECK(json_key(body, "json:n") == "-12");
  CHECK(json_key(body, "json:big") == "18446744073709551615");
  CHECK(json_key(body, "json:price") == "1.5");
  CHECK(json_key(body, "json:ok") == "false");
  CHECK(json_key(body, "json:a.b") == "dot");
  CHECK(json_key(body, "json:/id") == "x-1");
  CHECK(json_key(body, "json:/in/a/0") == "10");
  CHECK(json_key(body, "json:/in/a/1/b~1c") == "d");
}

TEST_CASE("key_expression: what JSON lacks gives nothing", "[routing]") {
  auto body = R"({"none": null, "in": {"a": [10]}})";
  for (auto key :
       {"json:none", "json:in", "json:/in/a", "json:/in/a/1", "json:/in/b",
        "json:/in/a/-", "json:gone", "json:/"})
    CHECK(json_key(body, key) == std::nullopt);
  for (auto broken : {"", "{", "{\"id\": 1} x", "[1]", "\"id\"", "\xff", "7"})
    CHECK(json_key(broken, "json:id") == std::nullopt);
  CHECK(json_key("[1]", "json:/0") == "1");
  CHECK(json_key(std::string(100'000, '['), "json:id") == std::nullopt);
}

TEST_CASE(
  "key_expression: a long string of a JSON body is whole", "[routing]") {
  auto id = std::string(50'000, 'x');
  CHECK(json_key("{\"id\": \"" + id + "\"}", "json:id") == id);
}

TEST_CASE("key_expression: prints what it read", "[routing]") {
  for (auto text :
       {"routing_key", "exchange", "body", "header:a:b", "property:message_id",
        "json:id", "json:/a/b"})
    CHECK(key_expression::parse(text).value().to_string() == text);
}

TEST_CASE("key_expression: a fault names what is allowed", "[routing]") {
  for (auto text :
       {"", "key", "header", "json", "routing_key:x", "body:", "Header:x",
        " body", ":x"}) {
    CHECK_THAT(key_fault(text), Contains("'" + std::string{text} + "'"));
    CHECK_THAT(key_fault(text), Contains("header:NAME"));
  }
  CHECK_THAT(key_fault("header:"), Contains("a name must follow"));
  CHECK_THAT(key_fault("header:" + std::string(256, 'x')), Contains("255"));
  CHECK_THAT(
    key_fault("property:message-id"), Contains("message_id, timestamp"));
  CHECK_THAT(key_fault("property:headers"), !Contains("headers,"));
  CHECK_THAT(key_fault("json:/a~2"), Contains("~0"));
  CHECK_THAT(key_fault("json:/a~"), Contains("~0"));
}
