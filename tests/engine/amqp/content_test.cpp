#include "engine/amqp/content.hpp"
#include "engine/amqp/content_encoder.hpp"
#include "engine/amqp/frame_reader.hpp"
#include "engine/message/properties.hpp"
#include "tests/engine/amqp/method_filler.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;
using namespace std::string_literals;

namespace {

std::string header_of(const std::string& properties, std::uint64_t size = 5) {
  auto out = "\0\x3c\0\0"s;
  put_wire(out, size);
  return out + properties;
}

std::vector<frame> frames_in(std::string_view bytes) {
  auto from = frame_reader{};
  from.feed(bytes);
  auto all = std::vector<frame>{};
  for (auto f = from.next(); f.value(); f = from.next()) all.push_back(**f);
  return all;
}

properties every_property() {
  auto set = properties{};
  set.content_type = "text/plain";
  set.content_encoding = "gzip";
  set.headers = field_table{
    {{"a", {field_array{{{true}, {field_table{{{"b", {1.5}}}}}}}}},
     {"n", {std::int32_t{-1}}}}};
  set.delivery_mode = std::uint8_t{2};
  set.priority = std::uint8_t{9};
  set.correlation_id = "c";
  set.reply_to = "r";
  set.expiration = "60000";
  set.message_id = "m";
  set.timestamp = field_time{1};
  set.type = "t";
  set.user_id = "guest";
  set.app_id = "app";
  set.cluster_id = "";
  return set;
}

std::string nested(int depth) {
  auto value = field_value{field_table{}};
  for (int i = 1; i < depth; ++i)
    value = i % 2 ? field_value{field_array{{value}}}
                  : field_value{field_table{{{"n", value}}}};
  return encode(field_table{{{"n", value}}});
}

} // namespace

TEST_CASE("content: a header's parts are read", "[amqp]") {
  auto properties = encode(every_property());
  auto bytes = header_of(properties, 1ull << 40);
  auto read = decode_content_header(bytes).value();
  CHECK(read == content_header{1ull << 40, properties});
}

TEST_CASE("content: no properties are an empty list", "[amqp]") {
  auto bytes = header_of("\0\0"s);
  auto read = decode_content_header(bytes).value();
  CHECK(read.properties.empty());
}

TEST_CASE("content: every shortened header is refused", "[amqp]") {
  auto bytes = header_of(encode(every_property()));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(decode_content_header(bytes.substr(0, size)).has_error());
  CHECK(decode_content_header(bytes + '\0').has_error());
}

TEST_CASE("content: another class or a weight is refused", "[amqp]") {
  auto bytes = header_of("\0\0"s);
  bytes[1] = 10;
  auto e = decode_content_header(bytes).error();
  CHECK(e.code == reply_code::unexpected_frame);
  CHECK(
    e.text
    == "expected content header for class 60, got one for class 10 instead");
  bytes = header_of("\0\0"s);
  bytes[3] = 1;
  CHECK(
    decode_content_header(bytes).error().code == reply_code::unexpected_frame);
}

TEST_CASE("content: more flags than AMQP has are refused", "[amqp]") {
  for (auto flags : {"\0\1"s, "\0\2"s, "\0\1\0\0"s, "\0"s}) {
    auto e = decode_content_header(header_of(flags));
    CHECK(e.has_error());
  }
}

TEST_CASE("content: checking agrees with decoding", "[amqp]") {
  auto random = std::mt19937{3};
  auto bytes = encode(every_property());
  auto valid = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto changed = bytes;
    for (auto n = random() % 3; n > 0; --n)
      changed[random() % changed.size()] = static_cast<char>(random());
    auto expected = decode_properties(changed).has_value();
    REQUIRE(is_valid_properties(changed) == expected);
    valid += expected;
  }
  CHECK(valid > 1'000);
  CHECK(valid < 19'000);
}

TEST_CASE("content: nested tables are checked to the same depth", "[amqp]") {
  for (auto depth : {1, 2, 30, 31, 32, 33, 200})
    CHECK(
      is_valid_table(nested(depth))
      == decode_field_table(nested(depth)).has_value());
  CHECK(is_valid_table(nested(31)));
  CHECK_FALSE(is_valid_table(nested(32)));
}

TEST_CASE("content: a delivery is written as AMQP says", "[amqp]") {
  auto out = std::string{};
  auto m = basic_deliver{
    .consumer_tag = "c",
    .delivery_tag = 3,
    .redelivered = true,
    .exchange = "e",
    .routing_key = "k"};
  put_message(out, 1, 131072, m, message{"e", "k", "\x10\0\2"s, "hi"});
  CHECK(
    out
    == "\1\0\1\0\0\0\x13\0\x3c\0\x3c\1c\0\0\0\0\0\0\0\3\1\1e\1k\xce"
       "\2\0\1\0\0\0\x0f\0\x3c\0\0\0\0\0\0\0\0\0\2\x10\0\2\xce"
       "\3\0\1\0\0\0\2hi\xce"s);
}

TEST_CASE("content: an empty body has no body frame", "[amqp]") {
  auto out = std::string{};
  put_message(out, 1, 4096, basic_get_ok{}, message{});
  auto frames = frames_in(out);
  REQUIRE(frames.size() == 2);
  CHECK(frames[1].payload == header_of("\0\0"s, 0));
}

TEST_CASE("content: a body is split where frames end", "[amqp]") {
  auto most = std::size_t{4096 - 8};
  for (auto size : {most - 1, most, most + 1, 2 * most, 5 * most + 7}) {
    auto body = std::string(size, '\0');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i % 251);
    auto out = std::string{};
    put_message(out, 9, 4096, basic_return{}, message{"", "", "", body});
    auto frames = frames_in(out);
    auto joined = std::string{};
    for (std::size_t i = 2; i < frames.size(); ++i) {
      CHECK(frames[i].channel == 9);
      CHECK(frames[i].payload.size() <= most);
      joined += frames[i].payload;
    }
    CHECK(frames.size() == 2 + (size + most - 1) / most);
    CHECK(joined == body);
  }
}

TEST_CASE("content: without a limit a body is one frame", "[amqp]") {
  auto body = std::string(300'000, 'x');
  auto out = std::string{};
  put_message(out, 1, 0, basic_return{}, message{"", "", "", body});
  CHECK(frames_in(out).size() == 3);
}

TEST_CASE("content: the longest methods fit", "[amqp]") {
  auto text = std::string(300, 'x');
  auto out = std::string{};
  put_message(
    out, 1, 4096, basic_deliver{text, ~0ull, true, text, text}, message{});
  put_message(out, 1, 4096, basic_return{65535, text, text, text}, message{});
  auto frames = frames_in(out);
  auto cut = std::string_view{text}.substr(0, 255);
  auto read = std::get<basic_deliver>(decode_method(frames[0].payload).value());
  CHECK(read == basic_deliver{cut, ~0ull, true, cut, cut});
  CHECK(decode_method(frames[2].payload).has_value());
}
