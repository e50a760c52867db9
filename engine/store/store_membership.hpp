#pragma once

#include "engine/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// Which cluster a store's copies are of, and which member it was. Marks of
/// another cluster's log may look the same and mean other entries: a store is
/// of one cluster only.
struct store_membership {
  std::string cluster_id;     // drawn when the cluster was made
  std::string cluster;        // its name
  std::string member;         // the node's name
  std::uint16_t number = 0;   // of the member; 0: it has none yet
  std::uint32_t replicas = 0; // of the cluster, when the node last started
  /// Where the cluster is still to be made, by this node or another: what it
  /// begins with, as an operator decided. Empty: it is there.
  std::string beginning;
  bool operator==(const store_membership&) const = default;
};

std::string encode(const store_membership& what);

/// Fails with `corrupt`.
result<store_membership> decode_store_membership(std::string_view value);

} // namespace troupe
