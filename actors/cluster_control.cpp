#include "actors/cluster_control.hpp"

#include "actors/control_requests.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

json::object done(const std::string& what) {
  return {{"ok", true}, {"done", what}};
}

/// Returns 0, which is refused, where the request says no such number.
std::uint32_t replicas_of(const json::object& request) {
  auto ec = boost::system::error_code{};
  auto* found = request.if_contains("replicas");
  if (found == nullptr) return 0;
  auto number = found->to_number<std::uint32_t>(ec);
  return ec ? 0 : number;
}

std::string copies_text(std::uint32_t count) {
  return std::to_string(count) + (count == 1 ? " copy" : " copies");
}

std::string groups_text(std::uint32_t count) {
  return std::to_string(count) + (count == 1 ? " group" : " groups");
}

json::object no_member(const cluster_report& report, const std::string& name) {
  auto names = std::vector<std::string>{};
  for (const auto& x : report.members) names.push_back(x.name);
  return failed(unknown_member(name, names).detail);
}

// -- the commands

json::object show_status(const cluster_places& places, const json::object&) {
  return status_json(places.report());
}

json::object show_ring(const cluster_places& places, const json::object&) {
  return ring_json(places.report());
}

json::object
show_plan(const cluster_places& places, const json::object& request) {
  auto wish = plan_wish{};
  if (auto without = text_of(request, "without"); !without.empty())
    wish.without = without;
  if (request.contains("replicas")) wish.replicas = replicas_of(request);
  auto plan = places.plan(wish);
  return plan ? to_json(*plan) : failed(plan.error().detail);
}

// Without a name it is the member that was asked.
json::object join(const cluster_places& places, const json::object& request) {
  auto report = places.report();
  auto name = text_of(request, "member");
  if (name.empty()) name = report.self;
  const auto* member = find_member(report, name);
  if (member == nullptr) return no_member(report, name);
  if (member->state != cluster::member_state::draining)
    return done(
      name + " is in cluster " + report.name + " and leads "
      + groups_text(member->leads));
  auto set = places.set_state(name, cluster::member_state::up);
  if (!set) return failed(set.error().detail);
  return done(name + " takes groups again");
}

bool can_lead(const member_line& x) {
  return x.is_up && x.state != cluster::member_state::draining;
}

json::object drain(const cluster_places& places, const json::object& request) {
  auto report = places.report();
  auto name = text_of(request, "member");
  const auto* member = find_member(report, name);
  if (member == nullptr) return no_member(report, name);
  auto is_other = [&](const member_line& x) {
    return x.name != name && can_lead(x);
  };
  if (std::ranges::none_of(report.members, is_other))
    return failed(
      "no other member is up to take the groups of " + name
      + "; start one, or bring one back with: troupe cluster join");
  auto set = places.set_state(name, cluster::member_state::draining);
  if (!set) return failed(set.error().detail);
  return done(
    name + " drains; it leads " + groups_text(member->leads) + " and keeps "
    + groups_text(member->keeps));
}

// Returns why a member cannot be forgotten yet, or an empty text.
std::string why_it_stays(const cluster_report& report, const member_line& x) {
  if (x.name == report.self)
    return "a member cannot remove itself; ask another one";
  if (x.leads > 0)
    return x.name + " still leads " + groups_text(x.leads)
           + (can_lead(x) ? "; drain it first: troupe cluster drain " + x.name : "; wait until others lead them");
  if (can_lead(x))
    return x.name + " is up; drain it first: troupe cluster drain " + x.name;
  auto left = std::ranges::count_if(report.members, [&](const auto& other) {
    return other.name != x.name && can_lead(other);
  });
  auto has_enough = static_cast<std::uint32_t>(left) >= report.replicas;
  if (x.is_up && x.keeps > 0 && has_enough)
    return x.name + " still keeps copies of " + groups_text(x.keeps)
           + "; wait until others have them: troupe cluster status";
  return {};
}

json::object remove(const cluster_places& places, const json::object& request) {
  auto report = places.report();
  auto name = text_of(request, "member");
  const auto* member = find_member(report, name);
  if (member == nullptr) return no_member(report, name);
  auto why = why_it_stays(report, *member);
  if (!why.empty()) return failed(why);
  auto removed = places.remove(name);
  if (!removed) return failed(removed.error().detail);
  return done(name + " is out of cluster " + report.name);
}

json::object rebalance(const cluster_places& places, const json::object&) {
  auto asked = places.rebalance();
  if (!asked) return failed(asked.error().detail);
  return done("groups move to where the ring wants them, a few at a time");
}

/// Goes by the plan first, which says what cannot be kept.
json::object
set_replicas(const cluster_places& places, const json::object& request) {
  auto report = places.report();
  auto wish = plan_wish{};
  wish.replicas = replicas_of(request);
  auto plan = places.plan(wish);
  if (!plan) return failed(plan.error().detail);
  auto asked = copies_text(*wish.replicas);
  if (*wish.replicas == report.replicas)
    return done("each group has " + asked + " already");
  auto set = places.set_replicas(*wish.replicas);
  if (!set) return failed(set.error().detail);
  return done(
    "each group gets " + asked + " instead of "
    + std::to_string(report.replicas)
    + ", a few groups at a time: troupe cluster status");
}

} // namespace

json::object
answer_cluster(const cluster_places* places, const json::object& request) {
  using command = json::object (*)(const cluster_places&, const json::object&);
  static const auto commands = std::map<std::string, command>{
    {"cluster.status", show_status},  {"cluster.ring", show_ring},
    {"cluster.plan", show_plan},      {"cluster.join", join},
    {"cluster.drain", drain},         {"cluster.remove", remove},
    {"cluster.rebalance", rebalance}, {"cluster.replicas", set_replicas}};
  auto found = commands.find(text_of(request, "command"));
  if (found == commands.end()) return failed("this node knows no such command");
  if (places == nullptr)
    return failed("this node is in no cluster; add a [cluster] table");
  return found->second(*places, request);
}

} // namespace troupe
