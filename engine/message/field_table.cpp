#include "engine/message/field_table.hpp"

#include "engine/message/wire.hpp"

#include <bit>
#include <type_traits>

namespace troupe {

namespace {

constexpr auto codes = std::string_view{"VtbBsuIilfdDSxTAF"};
static_assert(codes.size() == std::variant_size_v<field_value::any>);

// -- encoding

struct encoder {
  std::string& out;

  void operator()(std::monostate) {}
  void operator()(bool v) { put(out, static_cast<std::uint8_t>(v)); }
  void operator()(std::integral auto v) {
    put_wire(out, static_cast<std::make_unsigned_t<decltype(v)>>(v));
  }
  void operator()(float v) { put_wire(out, std::bit_cast<std::uint32_t>(v)); }
  void operator()(double v) { put_wire(out, std::bit_cast<std::uint64_t>(v)); }
  void operator()(const field_decimal& v) {
    put(out, v.scale);
    put_wire(out, static_cast<std::uint32_t>(v.unscaled));
  }
  void operator()(const std::string& v) { put_long_string(out, v); }
  void operator()(const field_bytes& v) { put_long_string(out, v.bytes); }
  void operator()(const field_time& v) { put_wire(out, v.seconds); }

  void operator()(const field_array& v) {
    with_length([&] {
      for (const auto& x : v.values) add(x);
    });
  }

  void operator()(const field_table& v) {
    with_length([&] {
      for (const auto& x : v.fields) {
        put_short_string(out, x.name);
        add(x.value);
      }
    });
  }

  void add(const field_value& v) {
    out.push_back(codes[v.value.index()]);
    std::visit(*this, v.value);
  }

  /// Leaves room for the length and fills it in once it is known.
  template <class Body>
  void with_length(Body body) {
    auto start = out.size();
    put(out, std::uint32_t{0});
    body();
    auto length = std::string{};
    put_wire(length, static_cast<std::uint32_t>(out.size() - start - 4));
    out.replace(start, length.size(), length);
  }
};

// -- decoding

class decoder {
public:
  bool ok() const { return ok_; }

  field_table table(std::string_view content) {
    auto made = field_table{};
    auto from = byte_reader{content};
    auto inside = enter();
    while (ok_ && !from.at_end()) {
      auto found = take_field(from);
      made.fields.push_back({std::string{found.name}, value(found)});
      count(from);
    }
    depth_ -= inside;
    return made;
  }

  field_value value(const encoded_field& from) {
    switch (from.code) {
      case 't': return {number<std::uint8_t>(from) != 0};
      case 'b': return {static_cast<std::int8_t>(number<std::uint8_t>(from))};
      case 'B': return {number<std::uint8_t>(from)};
      case 's': return {static_cast<std::int16_t>(number<std::uint16_t>(from))};
      case 'u': return {number<std::uint16_t>(from)};
      case 'I': return {static_cast<std::int32_t>(number<std::uint32_t>(from))};
      case 'i': return {number<std::uint32_t>(from)};
      case 'l':
      case 'L': return {static_cast<std::int64_t>(number<std::uint64_t>(from))};
      case 'f': return {std::bit_cast<float>(number<std::uint32_t>(from))};
      case 'd': return {std::bit_cast<double>(number<std::uint64_t>(from))};
      case 'D': return {decimal(from.value)};
      case 'S': return {std::string{from.value}};
      case 'x': return {field_bytes{std::string{from.value}}};
      case 'T': return {field_time{number<std::uint64_t>(from)}};
      case 'A': return {array(from.value)};
      case 'F': return {table(from.value)};
      default: return {};
    }
  }

private:
  field_array array(std::string_view content) {
    auto made = field_array{};
    auto from = byte_reader{content};
    auto inside = enter();
    while (ok_ && !from.at_end()) {
      made.values.push_back(value(take_value(from)));
      count(from);
    }
    depth_ -= inside;
    return made;
  }

  template <class T>
  static T number(const encoded_field& from) {
    return from.value.size() == sizeof(T) ? load_wire<T>(from.value.data())
                                          : T{};
  }

  static field_decimal decimal(std::string_view bytes) {
    if (bytes.size() != 5) return {};
    return {
      load_wire<std::uint8_t>(bytes.data()),
      static_cast<std::int32_t>(load_wire<std::uint32_t>(bytes.data() + 1))};
  }

  std::size_t enter() {
    if (++depth_ > most_table_depth) ok_ = false;
    return 1;
  }

  void count(const byte_reader& from) {
    if (!from.ok() || ++values_ > most_table_values) ok_ = false;
  }

  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  bool ok_ = true;
};

} // namespace

bool operator==(const field_table& a, const field_table& b) {
  return a.fields == b.fields;
}

bool operator==(const field_array& a, const field_array& b) {
  return a.values == b.values;
}

void encode_to(std::string& out, const field_table& table) {
  encoder{out}(table);
}

std::string encode(const field_table& table) {
  auto out = std::string{};
  encode_to(out, table);
  return out;
}

result<field_table> decode_field_table(std::string_view encoded) {
  auto from = byte_reader{encoded};
  auto content = take_long_string(from);
  auto read = decoder{};
  if (!from.ok() || !from.at_end())
    return error{errc::corrupt, "a field table's length does not fit"};
  auto table = read.table(content);
  if (!read.ok())
    return error{
      errc::corrupt, "a field table is damaged, holds an unknown type, or is "
                     "nested over 32 deep or over 65536 values long"};
  return table;
}

std::optional<field_value> decode(const encoded_field& encoded) {
  auto read = decoder{};
  auto value = read.value(encoded);
  if (!read.ok()) return std::nullopt;
  return value;
}

} // namespace troupe
