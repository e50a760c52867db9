#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/gateway/shard_messages.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace troupe::gateway {

/// Begins a session: what a gateway had with the shard before is void.
struct open {};

/// Ends a session.
struct close {};

/// From a queue's gateway on one member to a shard on another one.
struct shard_frame {
  std::string queue; // full name
  group_id group{};
  std::uint64_t session = 0; // the gateway's number of it
  std::variant<open, close, shard_request> what;
  /// Counts what one end says in a session, from 1, but for `open`. Where one
  /// is missing the session ends: what was lost may be what others rest on.
  std::uint64_t number = 0;
};

/// The session has begun: requests may follow.
struct opened {};

/// There is no such shard here, or not yet.
struct refused {
  std::string text;
};

/// The shard has ended, and the session with it.
struct closed {};

/// From a shard to a queue's gateway on another member.
struct reply_frame {
  std::string queue;
  group_id group{};
  std::uint64_t session = 0;
  std::variant<opened, refused, closed, shard_reply> what;
  std::uint64_t number = 0; // as above; `opened` is 1, `refused` and `closed` 0
};

/// Lays a frame out behind `before`, what a link's message begins with.
///
/// Integers are little-endian at their full width, a flag is a byte, a text
/// and a list begin with a length of 32 bits, a choice with its index in 8. A
/// batch goes with its own bytes, and of a loan only the part that is lent.
std::string encode(const shard_frame& frame, std::string_view before = {});
std::string encode(const reply_frame& frame, std::string_view before = {});

/// Whom a frame is for; the view is into its bytes.
struct frame_head {
  std::string_view queue;
  group_id group{};
  std::uint64_t session = 0;
};

/// Reads the head of either kind of frame, without a look at the rest.
std::optional<frame_head> read_head(std::string_view bytes);

/// Reads what `encode` wrote behind `before`. Safe for any bytes, and for
/// whoever takes what it returns: fails with `corrupt` where lengths do not
/// add up, positions are of another partition than they claim, or sequences
/// are not one a message. Whether a partition is the queue's the shard knows.
result<shard_frame> decode_shard_frame(std::string_view bytes);
result<reply_frame> decode_reply_frame(std::string_view bytes);

} // namespace troupe::gateway
