#pragma once

#include "engine/message/wire.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// A frame: type (8 bits), channel (16), size of the payload (32), the payload,
// and an end octet. AMQP 0-9-1, §2.3.

namespace troupe::amqp {

enum class frame_type : std::uint8_t {
  method = 1,
  header = 2,
  body = 3,
  heartbeat = 8,
};

struct frame {
  frame_type type{};
  std::uint16_t channel = 0;
  std::string_view payload; // a view of what the reader was fed
};

constexpr std::size_t frame_head_bytes = 7;
constexpr std::size_t frame_extra_bytes = frame_head_bytes + 1; // and the end
constexpr std::uint8_t frame_end = 206;

/// What a client sends first: the protocol it speaks.
constexpr auto protocol_header = std::string_view{"AMQP\0\0\x09\x01", 8};

/// Appends a frame's head. Returns where it starts, for `end_frame`.
inline std::size_t
begin_frame(std::string& out, frame_type type, std::uint16_t channel) {
  auto start = out.size();
  put(out, static_cast<std::uint8_t>(type));
  put_wire(out, channel);
  put(out, std::uint32_t{0});
  return start;
}

/// Sets the size of the frame begun at `start`, and closes it.
inline void end_frame(std::string& out, std::size_t start) {
  auto size = static_cast<std::uint32_t>(out.size() - start - frame_head_bytes);
  store_wire(out.data() + start + 3, size);
  put(out, frame_end);
}

inline void put_heartbeat(std::string& out) {
  end_frame(out, begin_frame(out, frame_type::heartbeat, 0));
}

} // namespace troupe::amqp
