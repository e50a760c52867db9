#include "engine/amqp/methods.hpp"

#include "engine/message/wire.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <initializer_list>

namespace troupe::amqp {

namespace {

/// Takes the fields of a method, as their description says.
class field_decoder {
public:
  explicit field_decoder(std::string_view bytes) : from_{bytes} {}

  template <std::unsigned_integral T>
  void integer(std::string_view, T& value) {
    value = take_wire<T>(from_);
  }

  void short_string(std::string_view, std::string_view& text) {
    text = take_short_string(from_);
  }

  void long_string(std::string_view, std::string_view& text) {
    text = take_long_string(from_);
  }

  void table(std::string_view, std::string_view& encoded) {
    auto start = from_.rest();
    auto length = take_long_string(from_).size();
    if (from_.ok()) encoded = start.substr(0, length + 4);
  }

  template <class... Bits>
  void bits(std::initializer_list<std::string_view>, Bits&... bits) {
    auto octet = from_.take<std::uint8_t>();
    auto bit = 0;
    ((bits = octet >> bit++ & 1), ...);
  }

  void reserved_octet() { from_.take_bytes(1); }
  void reserved_short() { from_.take_bytes(2); }
  void reserved_short_string() { take_short_string(from_); }
  void reserved_long_string() { take_long_string(from_); }

  bool is_done() const { return from_.ok() && from_.at_end(); }

private:
  byte_reader from_;
};

constexpr std::size_t key_bytes = 4;

template <class M>
bool decode_fields(std::string_view payload, M& to) {
  auto from = field_decoder{payload.substr(key_bytes)};
  M::fields(from, to);
  return from.is_done();
}

/// How one kind of method is decoded.
struct decoding {
  std::uint32_t key = 0;
  bool (*decode)(std::string_view payload, method& to) = nullptr;
  std::string_view name;
};

template <class M>
bool decode_as(std::string_view payload, method& to) {
  return decode_fields(payload, to.emplace<M>());
}

/// All kinds, by key.
template <class... M>
constexpr auto all_decodings(const std::variant<M...>*) {
  auto all = std::array{decoding{key_of<M>, &decode_as<M>, M::name}...};
  std::ranges::sort(all, {}, &decoding::key);
  return all;
}

constexpr auto decodings = all_decodings(static_cast<const method*>(nullptr));

} // namespace

std::uint32_t key_in(std::string_view payload) {
  return payload.size() < key_bytes ? 0
                                    : load_wire<std::uint32_t>(payload.data());
}

checked<method> decode_method(std::string_view payload) {
  auto key = key_in(payload);
  auto class_id = static_cast<std::uint16_t>(key >> 16);
  auto method_id = static_cast<std::uint16_t>(key & 0xffff);
  const auto* found =
    std::ranges::lower_bound(decodings, key, {}, &decoding::key);
  if (found == decodings.end() || found->key != key)
    return protocol_error{
      reply_code::command_invalid,
      "there is no method " + std::to_string(method_id) + " in class "
        + std::to_string(class_id),
      class_id, method_id};
  auto read = method{};
  if (found->decode(payload, read)) return read;
  return protocol_error{
    reply_code::syntax_error,
    "the fields of " + std::string{found->name} + " do not fit its frame",
    class_id, method_id};
}

bool decode(std::string_view payload, basic_publish& to) {
  return key_in(payload) == key_of<basic_publish> && decode_fields(payload, to);
}

bool decode(std::string_view payload, basic_ack& to) {
  return key_in(payload) == key_of<basic_ack> && decode_fields(payload, to);
}

} // namespace troupe::amqp
