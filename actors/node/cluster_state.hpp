#pragma once

#include "actors/cluster/membership_actor.hpp"
#include "actors/cluster_control.hpp"
#include "actors/node/member_questions.hpp"
#include "engine/store/log_store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace troupe {

struct cluster_state_places {
  std::shared_ptr<cluster_board> board;
  std::shared_ptr<member_questions> questions;
  std::shared_ptr<log_store> store;
  /// Whether this member leads the group, and its store has all of it.
  std::function<bool(group_id)> leads;
  std::string self; // this member's name
};

/// Reads handlers' state from the members that lead its groups: what others
/// have of a group may be late, or not there at all. Both calls block, and may
/// come from any thread.
class cluster_state {
public:
  explicit cluster_state(cluster_state_places places);

  /// Answers another member: `{"ask": "state", "handler", "group"}`, and where
  /// it goes on `"after": [scope, name]`, by `"rows": [[scope, name, value]]`
  /// and whether there is `"more"`.
  boost::json::object answer(const boost::json::object& asked) const;

  /// Returns all that can be had; what not, by groups.
  state_listing read(const std::string& handler) const;

private:
  using cursor = std::optional<log_store::state_cursor>;

  struct reading {
    std::string handler;
    int tries_left = 0; // for all groups together
    boost::json::array rows;
  };

  std::string read(reading& now, group_id group) const;
  result<boost::json::object>
  ask(const std::string& handler, group_id group, const cursor& after) const;

  cluster_state_places places_;
};

} // namespace troupe
