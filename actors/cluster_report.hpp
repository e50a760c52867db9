#pragma once

#include "engine/base/ids.hpp"
#include "engine/cluster/group_record.hpp"
#include "engine/cluster/ring_plan.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What an operator sees of a cluster: values that a node fills, and their JSON.

namespace troupe {

struct member_line {
  std::string name;
  cluster::member_id id{};
  cluster::member_state state = cluster::member_state::up;
  cluster::store_id store;
  std::string address;      // of its peer links
  bool is_up = false;       // registered, as far as this node knows
  std::uint32_t leads = 0;  // groups
  std::uint32_t keeps = 0;  // copies of groups, those it leads included
  std::uint64_t behind = 0; // groups that it keeps and is not in sync with
  bool operator==(const member_line&) const = default;
};

/// A group; members by name.
struct group_line {
  group_id group{};
  std::string leader; // empty: nobody
  cluster::epoch_number epoch = 0;
  std::vector<std::string> replicas; // the preferred leader first
  std::vector<std::string> in_sync;
  std::vector<std::string> adding;
  std::vector<std::string> removing;
  std::optional<std::uint64_t> bytes =
    {}; // about; of the copy on the one asked
  bool operator==(const group_line&) const = default;
};

struct cluster_report {
  std::string name;
  std::string self;           // the member that was asked
  std::string coordinator;    // a sentence: how the coordinator is
  std::uint32_t replicas = 0; // of each group, as wanted
  std::vector<member_line> members;
  std::vector<group_line> groups;
  std::vector<std::string> moves; // under way, a sentence each
  bool operator==(const cluster_report&) const = default;
};

/// Returns the names of members; one that nobody knows is "member 7".
std::vector<std::string> member_names(
  const std::vector<cluster::member_id>& ids,
  const std::map<cluster::member_id, std::string>& names);

/// Returns the line of a group's record.
group_line line_of(
  group_id group,
  const cluster::group_record& record,
  const std::map<cluster::member_id, std::string>& names);

/// Fills `leads` and `keeps` of all members from the groups' lines.
void count_groups(cluster_report& report);

/// Returns the member of that name, or null.
const member_line*
find_member(const cluster_report& report, std::string_view name);

/// Returns `{"ok": true, "cluster": ..., "members": [...], "groups": {...}}`:
/// members as rows, groups by their numbers alone.
boost::json::object status_json(const cluster_report& report);

/// Returns `{"ok": true, "rows": [...]}`, a row a group.
boost::json::object ring_json(const cluster_report& report);

} // namespace troupe
