#pragma once

#include "engine/amqp/content.hpp"
#include "engine/amqp/frame.hpp"
#include "engine/amqp/methods.hpp"

#include <troupe/message.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

// Writing a method and its message at once. This is what a consumer gets for
// every message: the heads are made in place and appended in one piece.

namespace troupe::amqp {

template <class M>
concept carries_content =
  std::same_as<M, basic_deliver> || std::same_as<M, basic_get_ok> || std::
    same_as<M, basic_return> || std::same_as<M, basic_publish>;

/// Writes fields to a place that is known to be large enough.
class place_encoder {
public:
  explicit place_encoder(char* to) : to_{to} {}

  void integer(std::string_view, std::unsigned_integral auto value) {
    store_wire(to_, value);
    to_ += sizeof value;
  }

  void short_string(std::string_view, std::string_view text) {
    auto size = std::min(text.size(), most_short_string);
    *to_++ = static_cast<char>(size);
    to_ += text.copy(to_, size);
  }

  template <class... Bits>
  void bits(std::initializer_list<std::string_view>, Bits... bits) {
    auto octet = 0;
    auto bit = 0;
    ((octet |= int{bits} << bit++), ...);
    *to_++ = static_cast<char>(octet);
  }

  void reserved_short() { integer({}, std::uint16_t{0}); }

  void frame_head(frame_type type, std::uint16_t channel, std::size_t size) {
    *to_++ = static_cast<char>(type);
    integer({}, channel);
    integer({}, static_cast<std::uint32_t>(size));
  }

  void end() { *to_++ = static_cast<char>(frame_end); }

  char* at() const { return to_; }

private:
  char* to_;
};

/// No method that carries content is longer than this with both heads: three
/// short strings, numbers, bits.
constexpr std::size_t most_content_head = 1024;

/// Appends the body as frames of at most `frame_max` bytes; 0: no limit.
void put_body(
  std::string& out,
  std::uint16_t channel,
  std::uint32_t frame_max,
  std::string_view body);

/// Appends the frames of a method, its message's header and body.
template <carries_content M>
void put_message(
  std::string& out,
  std::uint16_t channel,
  std::uint32_t frame_max,
  const M& m,
  const message& what) {
  constexpr auto none = std::string_view{"\0\0", 2};
  auto properties =
    what.encoded_properties().empty() ? none : what.encoded_properties();
  std::array<char, most_content_head> head; // not set to zeros: it costs time
  auto to = place_encoder{head.data() + frame_head_bytes};
  to.integer({}, M::class_id);
  to.integer({}, M::method_id);
  M::fields(to, m);
  auto size =
    static_cast<std::size_t>(to.at() - head.data()) - frame_head_bytes;
  place_encoder{head.data()}.frame_head(frame_type::method, channel, size);
  to.end();
  to.frame_head(frame_type::header, channel, 12 + properties.size());
  to.integer({}, std::uint32_t{content_class} << 16);
  to.integer({}, std::uint64_t{what.body().size()});
  out.append(head.data(), static_cast<std::size_t>(to.at() - head.data()));
  out.append(properties);
  put(out, frame_end);
  put_body(out, channel, frame_max, what.body());
}

} // namespace troupe::amqp
