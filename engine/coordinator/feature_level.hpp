#pragma once

#include "engine/coordinator/cluster_records.hpp"

#include <cstdint>
#include <span>

// A cluster's feature level says what its members may write into logs that
// others replicate, and send each other. A release that adds to that adds a
// level, and does at each level what the releases of that level understand.
// The cluster's level rises once all its members know a higher one: so a
// release runs beside the next one, and may be gone back to until then.

namespace troupe {

// Tests make a release to come, which knows one more.
#ifndef TROUPE_NEWEST_FEATURE_LEVEL
#define TROUPE_NEWEST_FEATURE_LEVEL 1
#endif

/// The levels that this program can work at.
constexpr std::uint32_t oldest_feature_level = 1;
constexpr std::uint32_t newest_feature_level = TROUPE_NEWEST_FEATURE_LEVEL;

/// Says whether a node can be a member at a level. Fails with `bad_config`.
result<> check_level(const node_record& node, std::uint32_t level);

/// Returns the highest level that all members know, or `level` where that is
/// higher already. It never goes back.
std::uint32_t
common_level(std::span<const node_record> members, std::uint32_t level);

} // namespace troupe
