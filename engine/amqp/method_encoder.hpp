#pragma once

#include "engine/amqp/frame.hpp"
#include "engine/message/wire.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace troupe::amqp {

/// Writes the fields of a method behind `to`, as their description says.
class field_encoder {
public:
  explicit field_encoder(std::string& to) : to_{to} {}

  void integer(std::string_view, std::unsigned_integral auto value) {
    put_wire(to_, value);
  }

  void short_string(std::string_view, std::string_view text) {
    put_short_string(to_, text);
  }

  void long_string(std::string_view, std::string_view text) {
    put_long_string(to_, text);
  }

  void table(std::string_view, std::string_view encoded) {
    if (encoded.empty()) return reserved_long_string();
    to_.append(encoded);
  }

  template <class... Bits>
  void bits(std::initializer_list<std::string_view>, Bits... bits) {
    auto octet = 0;
    auto bit = 0;
    ((octet |= int{bits} << bit++), ...);
    put(to_, static_cast<std::uint8_t>(octet));
  }

  void reserved_octet() { put(to_, std::uint8_t{0}); }
  void reserved_short() { put(to_, std::uint16_t{0}); }
  void reserved_short_string() { reserved_octet(); }
  void reserved_long_string() { put(to_, std::uint32_t{0}); }

private:
  std::string& to_;
};

/// Appends a method's frame. Short strings over 255 bytes are cut there.
template <class M>
void encode(std::string& out, std::uint16_t channel, const M& m) {
  auto start = begin_frame(out, frame_type::method, channel);
  put_wire(out, M::class_id);
  put_wire(out, M::method_id);
  auto to = field_encoder{out};
  M::fields(to, m);
  end_frame(out, start);
}

} // namespace troupe::amqp
