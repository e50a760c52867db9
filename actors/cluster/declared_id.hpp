#pragma once

#include "engine/base/ids.hpp"

#include <cstdint>

// How the queues of a cluster are numbered: those that clients declare at
// random, anew with each declaration, so that no two members ever give one
// number to different ones; configured ones by their name, odd.

namespace troupe {

constexpr auto declared_bit = std::uint64_t{1} << 60;

constexpr queue_id declared_id(std::uint64_t random) {
  return queue_id{(random & (declared_bit - 2)) | declared_bit};
}

/// True for queues that clients declared: a number that the topology does not
/// know any more is never given again.
constexpr bool is_declared(queue_id which) {
  auto number = static_cast<std::uint64_t>(which);
  return (number & declared_bit) != 0 && number < 2 * declared_bit
         && number % 2 == 0;
}

} // namespace troupe
