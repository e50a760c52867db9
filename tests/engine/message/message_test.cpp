#include "engine/message/make_message.hpp"
#include "engine/message/properties.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace troupe;
using namespace std::string_literals;

TEST_CASE("message: headers are read as text", "[message]") {
  auto set = properties{};
  set.headers = field_table{
    {{"s", {"text"}},
     {"n", {std::int64_t{-7}}},
     {"t", {true}},
     {"none", {}},
     {"in", {field_table{{{"s", {"hidden"}}}}}}}};
  auto encoded = encode(set);
  auto of = message{"", "", encoded, ""};
  CHECK(of.header("s") == "text");
  CHECK(of.header("n") == "-7");
  CHECK(of.header("t") == "true");
  CHECK_FALSE(of.header("none"));
  CHECK_FALSE(of.header("in"));
  CHECK_FALSE(of.header("S"));
  CHECK_FALSE(message{}.header("s"));
}

TEST_CASE("message: properties are read as text", "[message]") {
  auto set = properties{};
  set.message_id = "m-1";
  set.delivery_mode = 2;
  auto encoded = encode(set);
  auto of = message{"", "", encoded, ""};
  CHECK(of.property("message_id") == "m-1");
  CHECK(of.property("delivery_mode") == "2");
  CHECK_FALSE(of.property("type"));
  CHECK_FALSE(of.property("no such"));
  CHECK_FALSE(message{}.property("message_id"));
}

TEST_CASE("make_message: a draft becomes a message", "[message]") {
  auto from = draft{
    .body = "the body",
    .routing_key = "order.new",
    .headers = {{"a", "1"}, {"b", ""}},
    .message_id = "m-1",
    .content_type = "text/plain"};
  auto builder = batch_builder{};
  add(builder, from);
  auto made = builder.take();
  auto of = (*made)[0];
  CHECK(of.exchange() == "");
  CHECK(of.routing_key() == "order.new");
  CHECK(of.body() == "the body");
  CHECK(of.header("a") == "1");
  CHECK(of.header("b") == "");
  CHECK(of.property("message_id") == "m-1");
  CHECK(of.property("content_type") == "text/plain");
  CHECK(find_header(of.encoded_properties(), "a")->code == 'S');
}

TEST_CASE("make_message: what a draft leaves empty is not set", "[message]") {
  CHECK(encode_properties({.body = "x", .routing_key = "y"}).empty());
  CHECK(encode_properties({.message_id = "m"}) == "\0\x80\1m"s);
}

TEST_CASE("make_message: long names and texts do not break it", "[message]") {
  auto long_text = std::string(300, 'x');
  auto encoded = encode_properties(
    {.headers = {{long_text, long_text}},
     .message_id = long_text,
     .content_type = long_text});
  auto set = decode_properties(encoded).value();
  CHECK(set.message_id == long_text.substr(0, 255));
  CHECK(set.content_type == long_text.substr(0, 255));
  CHECK(set.headers == field_table{{{long_text.substr(0, 255), {long_text}}}});
}
