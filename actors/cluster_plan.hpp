#pragma once

#include "engine/base/result.hpp"
#include "engine/cluster/ring_plan.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// What would move in a cluster, told before it happens.

namespace troupe {

/// Copies that may be asked for; more are of no use.
constexpr std::uint32_t most_replicas = 5;

/// What a plan is made from: those registered, the groups as they are kept, by
/// number, and what a copy of each takes.
struct ring_picture {
  std::vector<cluster::ring_member> members;
  std::vector<cluster::group_record> groups;
  /// By group; what is nothing, or beyond the end, is not known.
  std::vector<std::optional<std::uint64_t>> group_bytes;
  std::uint32_t replicas = 0;
};

/// What a plan is made for: the ring as it is, or with a change.
struct plan_wish {
  std::optional<std::string> without;    // as if this member were draining
  std::optional<std::uint32_t> replicas; // as if so many were wanted
  bool operator==(const plan_wish&) const = default;
};

/// A copy that is made on a member, or a lead that it gets. Members by name;
/// empty is nobody.
struct planned_move {
  group_id group{};
  cluster::ring_change_kind kind{};
  std::string from;
  std::string to;
  std::uint64_t bytes = 0; // to copy; 0 where that is not known
  bool operator==(const planned_move&) const = default;
};

/// A member's groups before and after.
struct planned_share {
  std::string name;
  std::uint32_t leads = 0;
  std::uint32_t will_lead = 0;
  std::uint32_t keeps = 0;
  std::uint32_t will_keep = 0;
  bool operator==(const planned_share&) const = default;
};

struct cluster_plan {
  std::vector<planned_move> moves;
  std::vector<planned_share> shares; // by member, in the order of the picture
  /// Fewer members than replicas would be left: copies stay where they are.
  bool has_too_few = false;
  std::uint32_t replicas = 0;       // of each group, then
  std::uint32_t copies_unknown = 0; // that are made, of unknown size
  bool operator==(const cluster_plan&) const = default;
};

/// Returns the error that says so, with the name that was meant.
error unknown_member(
  const std::string& name, const std::vector<std::string>& names);

/// Plans what brings the ring in order. Fails with `not_found` where no member
/// has the name of the one to go without, and with `bad_input` where nobody
/// would be left, or so many replicas cannot be kept.
result<cluster_plan> plan_of(const ring_picture& now, const plan_wish& wish);

/// Returns `{"ok": true, "replicas": n, "leaders": n, "copies": n, "dropped":
/// n, "bytes": n, "unknown": n, "too_few_members": false, "members": [...],
/// "rows": [...]}`, a row a move; `dropped` copies go and no other comes for
/// them, of `unknown` ones that are made no bytes are known.
boost::json::object to_json(const cluster_plan& plan);

} // namespace troupe
