#pragma once

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace troupe::amqp {

/// The reply codes of AMQP 0-9-1, §1.2 of its reference.
enum class reply_code : std::uint16_t {
  success = 200,
  content_too_large = 311,
  no_route = 312,
  no_consumers = 313,
  connection_forced = 320,
  invalid_path = 402,
  access_refused = 403,
  not_found = 404,
  resource_locked = 405,
  precondition_failed = 406,
  frame_error = 501,
  syntax_error = 502,
  command_invalid = 503,
  channel_error = 504,
  unexpected_frame = 505,
  resource_error = 506,
  not_allowed = 530,
  not_implemented = 540,
  internal_error = 541,
};

/// Returns the code's name as reply texts begin with it: `NOT_FOUND`.
std::string_view to_string(reply_code code);

/// What an error closes. On channel 0 it is the connection, whatever the code.
enum class error_scope : std::uint8_t { channel, connection };
error_scope scope_of(reply_code code);

/// Why a method or a frame is refused, and which method it was (0: none).
struct protocol_error {
  reply_code code = reply_code::internal_error;
  std::string text; // one sentence, without the code's name
  std::uint16_t class_id = 0;
  std::uint16_t method_id = 0;
  bool operator==(const protocol_error&) const = default;
};

constexpr std::size_t most_reply_text = 255; // bytes: a short string

/// Returns `CODE_NAME - text`, cut at 255 bytes and never within a character.
std::string reply_text(const protocol_error& of);

/// A value, or why the peer is refused.
template <class T = void>
using checked = boost::system::result<T, protocol_error>;

/// What `value()` throws on an error. Only tests call it.
[[noreturn]] inline void throw_exception_from_error(
  const protocol_error& e, const boost::source_location&) {
  throw std::runtime_error{reply_text(e)};
}

} // namespace troupe::amqp
