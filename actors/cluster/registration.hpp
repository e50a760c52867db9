#pragma once

#include "engine/coordinator/cluster_records.hpp"
#include "engine/coordinator/coordinator.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

// How a node becomes a member: before anything else runs, and waiting as long
// as it takes.

namespace troupe {

/// Returns the key of what is known of a member for good; the one of
/// `node_key` is there while it runs.
std::string member_key(const std::string& prefix, const std::string& name);
std::string members_prefix(const std::string& prefix);

/// What a cluster begins with that is made from the stores of another one.
struct first_records {
  cluster_meta meta;
  std::map<std::string, node_record> members; // by name; at most 31
  std::vector<cluster::group_record> groups;  // all, by number
  bool operator==(const first_records&) const = default;
};

/// What a node's store says of the cluster it is of.
struct store_origin {
  std::string cluster;    // its name
  std::string cluster_id; // empty: it does not say
  bool has_copies = false;
  /// With these the cluster is made where it is not there yet.
  std::optional<first_records> beginning = {};
};

struct registration {
  std::string prefix; // of `cluster_prefix`
  std::string name;
  node_record own;   // its id, incarnation and state are for the cluster to say
  cluster_meta meta; // of a cluster that is made now
  store_origin origin = {};
  /// Whether the wait is to end.
  std::function<bool()> is_over;
  std::function<void(const std::string&)> on_trouble;
  /// Says whether a run of the program, by its mark, has certainly ended; left
  /// out: nobody knows. Its session is not waited for then.
  std::function<bool(const std::string& run)> has_ended = {};
  /// How to wait before another attempt; left out: by sleeping.
  std::function<void(std::chrono::milliseconds)> pause = {};
};

/// What a member starts with.
struct registered {
  node_record own;
  cluster_meta meta;
  revision began_at = 0; // of the coordinator, when it was first asked
};

/// Registers a node, for the first time or again. Blocks until the coordinator
/// has answered. Fails with `bad_config` where the cluster is another one than
/// this node can join or its store is of, where its name is taken by one that
/// runs, or where its store is a copy of another member's.
result<registered> register_member(coordinator& at, const registration& what);

/// Asks and waits; for those who may block.
result<kept_range> wait_for_range(coordinator& at, const std::string& prefix);
txn_answer wait_for_txn(coordinator& at, txn_request what);

} // namespace troupe
