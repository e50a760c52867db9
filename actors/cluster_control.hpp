#pragma once

#include "actors/cluster_plan.hpp"
#include "actors/cluster_report.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// A handler's state, from all groups that could be asked.
struct state_listing {
  boost::json::array rows;          // scope, name, value
  std::vector<std::string> missing; // what could not, and why: a sentence each
};

/// What a node that is a member lets an operator see and do. All are there.
/// Called on threads of the control interface, several at once; each may block
/// until the coordinator has answered, within some seconds.
struct cluster_places {
  std::function<cluster_report()> report;
  /// What would move to bring the ring in order.
  std::function<result<cluster_plan>(const plan_wish& wish)> plan;
  /// Makes a member drain, or take groups again; it exists.
  std::function<result<>(const std::string& member, cluster::member_state)>
    set_state;
  /// Forgets a member that leads nothing; it exists.
  std::function<result<>(const std::string& member)> remove;
  /// Asks for what the plan wants now, rather than when it is its turn.
  std::function<result<>()> rebalance;
  /// Wants so many replicas of each group from now on; they can be kept.
  std::function<result<>(std::uint32_t replicas)> set_replicas;
  /// Reads a handler's state where its groups are led.
  std::function<state_listing(const std::string& handler)> state = {};
};

/// Answers requests whose command begins with "cluster.": status, ring, plan
/// (without, replicas), join (member), drain (member), remove (member),
/// rebalance, replicas (replicas).
/// `places` is null on a node that is in no cluster.
boost::json::object answer_cluster(
  const cluster_places* places, const boost::json::object& request);

} // namespace troupe
