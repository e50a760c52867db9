#include "engine/coordinator/feature_level.hpp"

#include <algorithm>
#include <string>

namespace troupe {

result<> check_level(const node_record& node, std::uint32_t level) {
  auto knows = "this program knows the levels "
               + std::to_string(node.protocol_min) + " to "
               + std::to_string(node.protocol_max);
  auto at =
    "the cluster is at feature level " + std::to_string(level) + ", and ";
  if (level > node.protocol_max)
    return error{
      errc::bad_config,
      at + knows + ": run the release that the other members run"};
  if (level < node.protocol_min)
    return error{
      errc::bad_config,
      at + knows
        + ": first run a release on all members that knows both, and let "
          "the cluster's level rise"};
  return {};
}

std::uint32_t
common_level(std::span<const node_record> members, std::uint32_t level) {
  if (members.empty()) return level;
  auto least = std::ranges::min(members, {}, &node_record::protocol_max);
  return std::max(level, least.protocol_max);
}

} // namespace troupe
