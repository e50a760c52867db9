#include "engine/message/properties.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>

using namespace troupe;
using namespace std::string_literals;

namespace {

properties all_set() {
  auto set = properties{};
  set.content_type = "text/plain";
  set.content_encoding = "gzip";
  set.headers = field_table{{{"a", {"one"}}, {"n", {std::int32_t{5}}}}};
  set.delivery_mode = 2;
  set.priority = 7;
  set.correlation_id = "call-1";
  set.reply_to = "answers";
  set.expiration = "60000";
  set.message_id = "m-1";
  set.timestamp = field_time{1'700'000'000};
  set.type = "created";
  set.user_id = "guest";
  set.app_id = "shop";
  set.cluster_id = "";
  return set;
}

/// `all_set` with only the properties in `mask`, one bit each.
properties some_set(unsigned mask) {
  auto set = all_set();
  auto keep = [&](auto& property) {
    if (!(mask & 1)) property.reset();
    mask >>= 1;
  };
  keep(set.content_type);
  keep(set.content_encoding);
  keep(set.headers);
  keep(set.delivery_mode);
  keep(set.priority);
  keep(set.correlation_id);
  keep(set.reply_to);
  keep(set.expiration);
  keep(set.message_id);
  keep(set.timestamp);
  keep(set.type);
  keep(set.user_id);
  keep(set.app_id);
  keep(set.cluster_id);
  return set;
}

bool properties_decodes(std::string_view bytes) {
  return decode_properties(bytes).has_value();
}

} // namespace

TEST_CASE("properties: are written as AMQP 0-9-1 says", "[message]") {
  auto set = properties{};
  set.content_type = "a/b";
  set.headers = field_table{{{"k", {"v"}}}};
  set.delivery_mode = 2;
  set.message_id = "m";
  set.timestamp = field_time{258};
  set.cluster_id = "c";
  auto expected = "\xb0\xc4"
                  "\3a/b"
                  "\0\0\0\x8\1kS\0\0\0\1v"
                  "\2"
                  "\1m"
                  "\0\0\0\0\0\0\1\2"
                  "\1c"s;
  CHECK(encode(set) == expected);
  CHECK(decode_properties(expected).value() == set);
}

TEST_CASE("properties: none set take no bytes", "[message]") {
  CHECK(encode(properties{}).empty());
  CHECK(decode_properties("").value() == properties{});
  CHECK(decode_properties("\0\0"s).value() == properties{});
}

TEST_CASE("properties: every choice of them comes back", "[message]") {
  for (unsigned mask = 0; mask < 1u << 14; ++mask) {
    auto set = some_set(mask);
    REQUIRE(decode_properties(encode(set)).value() == set);
  }
}

TEST_CASE("properties: each is found among any others", "[message]") {
  for (unsigned mask = 0; mask < 1u << 14; mask += 7) {
    auto set = some_set(mask);
    auto bytes = encode(set);
    REQUIRE(find_text_property(bytes, "content_type") == set.content_type);
    REQUIRE(find_text_property(bytes, "message_id") == set.message_id);
    REQUIRE(find_property(bytes, "cluster_id") == set.cluster_id);
    auto priority = find_property(bytes, "priority");
    REQUIRE(priority.has_value() == set.priority.has_value());
    REQUIRE(priority.value_or("7") == "7");
    auto header = find_text_header(bytes, "a");
    REQUIRE(header.has_value() == set.headers.has_value());
    REQUIRE(header.value_or("one") == "one");
  }
}

TEST_CASE(
  "properties: all have a name and all but headers a text", "[message]") {
  auto bytes = encode(all_set());
  auto found = std::string{};
  for (auto name : property_names())
    found += find_property(bytes, name).value_or("-") + ' ';
  CHECK(
    found
    == "text/plain gzip - 2 7 call-1 answers 60000 m-1 1700000000 "
       "created guest shop  ");
  CHECK_FALSE(find_property(bytes, "message-id"));
  CHECK_FALSE(find_property(bytes, ""));
}

TEST_CASE("properties: only strings are found as views", "[message]") {
  auto bytes = encode(all_set());
  CHECK(find_text_property(bytes, "reply_to") == "answers");
  CHECK_FALSE(find_text_property(bytes, "priority"));
  CHECK_FALSE(find_text_property(bytes, "timestamp"));
  CHECK_FALSE(find_text_property(bytes, "headers"));
  CHECK(find_text_header(bytes, "a") == "one");
  CHECK_FALSE(find_text_header(bytes, "n"));
  CHECK(find_header(bytes, "n")->code == 'I');
}

TEST_CASE("properties: a shortened list is refused", "[message]") {
  auto bytes = encode(all_set());
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    auto read = decode_properties(bytes.substr(0, size));
    REQUIRE(read.has_error());
    CHECK(read.error().code == errc::corrupt);
  }
  CHECK_FALSE(properties_decodes(bytes + 'x'));
}

TEST_CASE("properties: more flags than defined are refused", "[message]") {
  for (auto flags : {"\0\1"s, "\0\2"s, "\x80\1\1a\0\0"s}) {
    CHECK_FALSE(properties_decodes(flags));
    CHECK_FALSE(find_property(flags, "content_type"));
  }
}

TEST_CASE("properties: a damaged table of headers is refused", "[message]") {
  CHECK(properties_decodes("\x20\0\0\0\0\3\1aV"s));
  CHECK_FALSE(properties_decodes("\x20\0\0\0\0\3\1a?"s));
  CHECK_FALSE(properties_decodes("\x20\0\0\0\0\4\1aV"s));
  CHECK_FALSE(properties_decodes("\x20\0\xff\xff\xff\xff\1aV"s));
  CHECK_FALSE(find_headers("\x20\0\0\0\0\4\1aV"s));
}

TEST_CASE("properties: random bytes are refused or come back", "[message]") {
  auto random = std::mt19937{3};
  auto read_some = 0;
  for (int i = 0; i < 50'000; ++i) {
    auto bytes = std::string(random() % 24, '\0');
    for (auto& c : bytes) c = static_cast<char>(random() % (i % 2 ? 256 : 4));
    if (bytes.size() > 1) bytes[1] = static_cast<char>(bytes[1] << 2);
    for (auto name : property_names()) find_property(bytes, name);
    find_header(bytes, "a");
    with_headers(bytes, {{"a", {"b"}}});
    auto read = decode_properties(bytes);
    if (!read) continue;
    ++read_some;
    CHECK(decode_properties(encode(*read)).value() == *read);
  }
  CHECK(read_some > 100);
}

TEST_CASE("properties: strings over 255 bytes are cut", "[message]") {
  auto set = properties{};
  set.type = std::string(300, 't');
  CHECK(find_property(encode(set), "type") == std::string(255, 't'));
}

// -- with_headers

TEST_CASE("with_headers: adds and replaces, and leaves the rest", "[message]") {
  for (unsigned mask = 0; mask < 1u << 14; mask += 11) {
    auto set = some_set(mask);
    auto changed = with_headers(encode(set), {{"n", {"new"}}, {"z", {true}}});
    auto expected = set;
    expected.headers = field_table{{{"n", {"new"}}, {"z", {true}}}};
    if (set.headers)
      expected.headers->fields.insert(
        expected.headers->fields.begin(), {"a", {"one"}});
    REQUIRE(decode_properties(changed).value() == expected);
  }
}

TEST_CASE("with_headers: untouched headers keep their bytes", "[message]") {
  // 'L' would come back as 'l' if the table were built anew.
  auto before = "\x20\0\0\0\0\x0b\1bL\0\0\0\0\0\0\0\1"s;
  CHECK(
    with_headers(before, {{"c", {}}})
    == "\x20\0\0\0\0\x0e\1bL\0\0\0\0\0\0\0\1\1cV"s);
}

TEST_CASE("with_headers: all fields of a name go", "[message]") {
  auto set = properties{};
  set.headers = field_table{{{"a", {"1"}}, {"b", {"2"}}, {"a", {"3"}}}};
  auto changed = decode_properties(with_headers(encode(set), {{"a", {"4"}}}));
  CHECK(changed.value().headers == field_table{{{"b", {"2"}}, {"a", {"4"}}}});
}

TEST_CASE(
  "with_headers: a name cut at 255 bytes replaces itself", "[message]") {
  auto name = std::string(300, 'n');
  auto once = with_headers("", {{name, {"1"}}});
  auto twice = decode_properties(with_headers(once, {{name, {"2"}}})).value();
  REQUIRE(twice.headers->fields.size() == 1);
  CHECK(twice.headers->fields[0] == field{name.substr(0, 255), {"2"}});
}

TEST_CASE("with_headers: no headers change nothing", "[message]") {
  CHECK(with_headers("", {}) == "");
  CHECK(with_headers(encode(all_set()), {}) == encode(all_set()));
}

TEST_CASE("with_headers: a damaged list is dropped", "[message]") {
  auto expected = with_headers("", {{"a", {"b"}}});
  CHECK(with_headers("\x80\0\7a"s, {{"a", {"b"}}}) == expected);
  CHECK(with_headers("\x80\0\7a"s, {}) == "");
}
