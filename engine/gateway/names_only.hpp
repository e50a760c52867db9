#pragma once

#include "engine/gateway/shard_messages.hpp"

#include <algorithm>

namespace troupe::gateway {

/// Says whether a request names only partitions that `is_here` is true of. A
/// shard looks before it takes one from another member: those of another
/// queue's shape have no place in its machine.
template <class Claim>
bool names_only(const shard_request& what, Claim is_here) {
  auto all_here = [&](const auto& parts) {
    return std::ranges::all_of(
      parts, [&](const auto& x) { return is_here(x.partition); });
  };
  if (auto* x = std::get_if<enqueue>(&what)) return all_here(x->what);
  if (auto* x = std::get_if<settle>(&what)) return all_here(x->what);
  return true;
}

} // namespace troupe::gateway
