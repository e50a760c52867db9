#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// What a frame between two members says (docs/peer_protocol.md).
enum class frame_kind : std::uint8_t {
  hello = 1, // the first frame of who connects
  welcome,   // the answer to it
  refusal,   // the other answer; the last frame
  part,      // bytes of a message that goes on
  last,      // the last bytes of a message
  credit,    // so many more bytes may come
  ping,      // nothing, but somebody is there
};

/// A frame as it came; a view, good until the reader's next call.
struct link_frame {
  frame_kind kind{};
  std::string_view payload;
};

/// Bytes of a frame's payload once members know each other, and before.
constexpr std::size_t most_payload = 1024 * 1024;
constexpr std::size_t most_greeting = 4 * 1024;

/// Bytes in front of each payload: its size, a CRC-32C of all that follows it,
/// the kind, and three zeros.
constexpr std::size_t frame_head_bytes = 12;

/// Appends a frame of at most `most_payload` bytes.
void put_frame(std::string& out, frame_kind kind, std::string_view payload);

/// Appends a message of any size as frames.
void put_message(std::string& out, std::string_view message);

} // namespace troupe
