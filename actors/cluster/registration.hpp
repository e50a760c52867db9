#pragma once

#include "engine/coordinator/cluster_records.hpp"
#include "engine/coordinator/coordinator.hpp"

#include <chrono>
#include <functional>
#include <string>

// How a node becomes a member: before anything else runs, and waiting as long
// as it takes.

namespace troupe {

/// Returns the key of what is known of a member for good; the one of
/// `node_key` is there while it runs.
std::string member_key(const std::string& prefix, const std::string& name);
std::string members_prefix(const std::string& prefix);

struct registration {
  std::string prefix; // of `cluster_prefix`
  std::string name;
  node_record own;   // its id, incarnation and state are for the cluster to say
  cluster_meta meta; // of a cluster that is made now
  /// Whether the wait is to end.
  std::function<bool()> is_over;
  std::function<void(const std::string&)> on_trouble;
  /// How to wait before another attempt; left out: by sleeping.
  std::function<void(std::chrono::milliseconds)> pause = {};
};

/// What a member starts with.
struct registered {
  node_record own;
  cluster_meta meta;
};

/// Registers a node, for the first time or again. Blocks until the coordinator
/// has answered. Fails with `bad_config` where the cluster is another one than
/// this node can join, where its name is taken by one that runs, or where its
/// store is a copy of another member's.
result<registered> register_member(coordinator& at, const registration& what);

/// Asks and waits; for those who may block.
result<kept_range> wait_for_range(coordinator& at, const std::string& prefix);
txn_answer wait_for_txn(coordinator& at, txn_request what);

} // namespace troupe
