#pragma once

#include "engine/amqp/frame.hpp"

#include <cstdint>
#include <string>

namespace troupe::test {

/// Returns a frame of any type, also one that the protocol does not know.
inline std::string
raw_frame(int type, std::uint16_t channel, const std::string& payload) {
  auto out = std::string{};
  auto start =
    amqp::begin_frame(out, static_cast<amqp::frame_type>(type), channel);
  out += payload;
  amqp::end_frame(out, start);
  return out;
}

} // namespace troupe::test
