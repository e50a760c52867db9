#include "engine/message/field_table.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <random>
#include <string>

using namespace troupe;
using namespace std::string_literals;

namespace {

/// One field of every type.
field_table every_type() {
  return {
    {{"V", {}},
     {"t", {true}},
     {"b", {std::int8_t{-2}}},
     {"B", {std::uint8_t{200}}},
     {"s", {std::int16_t{-300}}},
     {"u", {std::uint16_t{60'000}}},
     {"I", {std::int32_t{-70'000}}},
     {"i", {std::uint32_t{4'000'000'000}}},
     {"l", {std::int64_t{-5'000'000'000}}},
     {"f", {0.25f}},
     {"d", {-1.5}},
     {"D", {field_decimal{2, -12345}}},
     {"S", {"text"}},
     {"x", {field_bytes{"\0\xff"s}}},
     {"T", {field_time{1'700'000'000}}},
     {"A", {field_array{{{std::int32_t{1}}, {"two"}, {field_array{}}}}}},
     {"F", {field_table{{{"inner", {field_table{}}}, {"n", {false}}}}}}}};
}

/// A table's bytes: its length, then `fields`.
std::string table_of(const std::string& fields) {
  auto size = fields.size();
  auto octet = [&](int i) { return static_cast<char>(size >> 8 * i & 255); };
  return std::string{octet(3), octet(2), octet(1), octet(0)} + fields;
}

std::string nested_tables(int depth) {
  auto bytes = table_of("");
  for (int i = 1; i < depth; ++i) bytes = table_of("\1nF"s + bytes);
  return bytes;
}

std::string nested_arrays(int depth) {
  auto bytes = table_of("");
  for (int i = 2; i < depth; ++i) bytes = table_of("A" + bytes);
  return table_of("\1nA"s + bytes);
}

bool table_decodes(std::string_view bytes) {
  return decode_field_table(bytes).has_value();
}

} // namespace

TEST_CASE("field_table: every type comes back as it was", "[message]") {
  auto table = every_type();
  CHECK(decode_field_table(encode(table)).value() == table);
}

TEST_CASE("field_table: is written as AMQP 0-9-1 says", "[message]") {
  auto table = field_table{
    {{"a", {std::int32_t{-2}}},
     {"bc", {"xyz"}},
     {"t", {true}},
     {"l", {std::int64_t{258}}},
     {"D", {field_decimal{1, 5}}},
     {"A", {field_array{{{std::uint16_t{7}}}}}}}};
  auto expected = "\1aI\xff\xff\xff\xfe"
                  "\2bcS\0\0\0\3xyz"
                  "\1tt\1"
                  "\1ll\0\0\0\0\0\0\1\2"
                  "\1DD\1\0\0\0\5"
                  "\1AA\0\0\0\3u\0\7"s;
  CHECK(encode(table) == table_of(expected));
}

TEST_CASE("field_table: every type is read by its code", "[message]") {
  struct example {
    std::string bytes;
    field_value value;
  };
  for (const auto& [bytes, value] : std::vector<example>{
         {"V", {}},
         {"t\2", {true}},
         {"t\0"s, {false}},
         {"b\xfe", {std::int8_t{-2}}},
         {"B\xfe", {std::uint8_t{254}}},
         {"s\xff\xfe", {std::int16_t{-2}}},
         {"u\xff\xfe", {std::uint16_t{65534}}},
         {"I\xff\xff\xff\xfe", {std::int32_t{-2}}},
         {"i\xff\xff\xff\xfe", {std::uint32_t{4294967294}}},
         {"l\xff\xff\xff\xff\xff\xff\xff\xfe", {std::int64_t{-2}}},
         {"L\xff\xff\xff\xff\xff\xff\xff\xfe", {std::int64_t{-2}}},
         {"f\x3e\x80\0\0"s, {0.25f}},
         {"d\xbf\xf8\0\0\0\0\0\0"s, {-1.5}},
         {"D\2\xff\xff\xff\xfe", {field_decimal{2, -2}}},
         {"S\0\0\0\2hi"s, {"hi"}},
         {"x\0\0\0\2\0\1"s, {field_bytes{"\0\1"s}}},
         {"T\0\0\0\0\0\0\1\0"s, {field_time{256}}},
         {"A\0\0\0\2VV"s, {field_array{{{}, {}}}}},
         {"F\0\0\0\3\1aV"s, {field_table{{{"a", {}}}}}}}) {
    INFO(bytes);
    auto read = decode_field_table(table_of("\1n" + bytes)).value();
    CHECK(read == field_table{{{"n", value}}});
  }
}

TEST_CASE("field_table: a shortened one is refused", "[message]") {
  auto bytes = encode(every_type());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(table_decodes(bytes.substr(0, size)));
    if (size < 4) continue;
    // Nor is one whose length was made to fit, unless a field ends there.
    auto cut = bytes.substr(4, size - 4);
    auto read = decode_field_table(table_of(cut));
    if (read) CHECK(encode(*read) == table_of(cut));
  }
  CHECK_FALSE(table_decodes(bytes + 'x'));
}

TEST_CASE("field_table: unknown types are refused", "[message]") {
  for (int code = 0; code < 256; ++code) {
    auto known = "VtbBsuIilLfdDSxTAF"s.find(static_cast<char>(code));
    if (known != std::string::npos) continue;
    auto bytes = "\1n"s + static_cast<char>(code) + std::string(8, '\0');
    CHECK_FALSE(table_decodes(table_of(bytes)));
  }
}

TEST_CASE("field_table: nesting is bounded", "[message]") {
  CHECK(table_decodes(nested_tables(32)));
  CHECK_FALSE(table_decodes(nested_tables(33)));
  CHECK(table_decodes(nested_arrays(32)));
  CHECK_FALSE(table_decodes(nested_arrays(33)));
  CHECK_FALSE(table_decodes(nested_arrays(3'000)));
}

TEST_CASE("field_table: the number of values is bounded", "[message]") {
  auto array = [](std::size_t n) {
    return table_of("\1nA" + table_of(std::string(n, 'V')));
  };
  CHECK(table_decodes(array(most_table_values - 1)));
  auto refused = decode_field_table(array(most_table_values));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == errc::corrupt);
}

TEST_CASE("field_table: random bytes are refused or come back", "[message]") {
  auto random = std::mt19937{5};
  auto read_some = 0;
  for (int i = 0; i < 50'000; ++i) {
    auto fields = std::string(random() % 24, '\0');
    for (auto& c : fields) {
      auto letters = "VtbBsIlSAFx\0\0\0\1\1\2"s;
      c = letters[random() % letters.size()];
    }
    auto read = decode_field_table(table_of(fields));
    find(table_of(fields), "t");
    if (!read) continue;
    ++read_some;
    CHECK(decode_field_table(encode(*read)).value() == *read);
  }
  CHECK(read_some > 100);
}

TEST_CASE("field_table: fields are found without decoding", "[message]") {
  auto bytes = encode(every_type());
  for (const auto& [name, value] : every_type().fields) {
    auto found = find(bytes, name);
    REQUIRE(found);
    CHECK(found->name == name);
    CHECK(std::string{found->code} == name);
    CHECK(decode(*found) == value);
    CHECK(to_text(*found) == to_text(value));
  }
  CHECK(find(bytes, "S")->value == "text");
  CHECK_FALSE(find(bytes, "inner"));
  CHECK_FALSE(find(bytes, ""));
}

TEST_CASE("field_table: the first of two fields is found", "[message]") {
  auto bytes = encode(field_table{{{"a", {"one"}}, {"a", {"two"}}}});
  CHECK(find(bytes, "a")->value == "one");
}

TEST_CASE("field_table: nothing is found behind damage", "[message]") {
  auto bytes = table_of("\1aV\1b?\1cV"s);
  CHECK(find(bytes, "a"));
  CHECK_FALSE(find(bytes, "b"));
  CHECK_FALSE(find(bytes, "c"));
  for (auto cut :
       {""s, "\0\0\0"s, "\0\0\1\0\1aV"s, table_of("\1"), table_of("\1a"),
        table_of("\1aI\0"s), table_of("\1aS\xff\xff\xff\xff")})
    CHECK_FALSE(find(cut, "a"));
}

TEST_CASE("field_table: scalars have a text", "[message]") {
  using text = std::optional<std::string>;
  auto text_of = [](field_value value) { return to_text(value); };
  CHECK(text_of({std::int8_t{-128}}) == "-128");
  CHECK(text_of({std::uint8_t{255}}) == "255");
  CHECK(
    text_of({std::numeric_limits<std::int64_t>::min()})
    == "-9223372036854775808");
  CHECK(text_of({true}) == "true");
  CHECK(text_of({false}) == "false");
  CHECK(text_of({0.1}) == "0.1");
  CHECK(text_of({0.1f}) == "0.1");
  CHECK(text_of({field_time{18446744073709551615u}}) == "18446744073709551615");
  CHECK(text_of({"text"}) == "text");
  CHECK(text_of({field_bytes{"\0"s}}) == "\0"s);
  CHECK(text_of({}) == text{});
  CHECK(text_of({field_array{}}) == text{});
  CHECK(text_of({field_table{}}) == text{});
}

TEST_CASE("field_table: decimals have their point", "[message]") {
  auto text_of = [](std::uint8_t scale, std::int32_t unscaled) {
    return to_text(field_value{field_decimal{scale, unscaled}}).value();
  };
  CHECK(text_of(0, 12) == "12");
  CHECK(text_of(2, 12345) == "123.45");
  CHECK(text_of(2, -12345) == "-123.45");
  CHECK(text_of(3, 5) == "0.005");
  CHECK(text_of(1, -5) == "-0.5");
  CHECK(text_of(255, 1).size() == 257);
}

TEST_CASE("field_table: names over 255 bytes are cut", "[message]") {
  auto name = std::string(300, 'n');
  auto read = decode_field_table(encode(field_table{{{name, {true}}}})).value();
  CHECK(read.fields.at(0).name == name.substr(0, 255));
}
