#include "engine/cluster/recovery_plan.hpp"

#include "engine/cluster/ring_plan.hpp"
#include "engine/ring/slot_map.hpp"

#include <algorithm>

namespace troupe::cluster {

namespace {

using surveys_view = std::span<const store_survey>;

error bad(std::string what) { return {errc::bad_input, std::move(what)}; }

std::string quoted(const std::string& name) { return '\'' + name + '\''; }

// -- checking

error check_one(const store_survey& x) {
  auto of = "the survey of " + quoted(x.member);
  if (x.cluster_id.empty() || x.member.empty() || x.number == nobody)
    return bad(
      of
      + " does not say which member of which cluster it is of; take it "
        "again with `troupe recover survey`");
  if (x.groups.size() != groups)
    return bad(
      of + " has " + std::to_string(x.groups.size()) + " groups, and there are "
      + std::to_string(groups) + "; take it again with this program");
  return {};
}

error check_two(const store_survey& x, const store_survey& y) {
  auto both = quoted(x.member) + " and " + quoted(y.member);
  if (x.cluster_id != y.cluster_id)
    return bad(
      both + " are of different clusters (" + quoted(x.cluster) + ", id "
      + x.cluster_id + ", and " + quoted(y.cluster) + ", id " + y.cluster_id
      + "): leave out those that do not belong");
  if (x.store == y.store)
    return bad(
      "two surveys, of " + both + ", are of one store (id " + to_string(x.store)
      + "), or of one and its copy: keep the one that ran last");
  if (x.member == y.member || x.number == y.number)
    return bad(
      "two stores are of one member, " + both + " (number "
      + std::to_string(static_cast<unsigned>(x.number))
      + "): keep the survey of the one that ran last");
  return {};
}

error check(surveys_view surveys) {
  if (surveys.empty())
    return bad("there is no survey; take one with `troupe recover survey`");
  if (surveys.size() > most_surveys)
    return bad(
      "there are " + std::to_string(surveys.size())
      + " surveys, and a recovery takes " + std::to_string(most_surveys)
      + ": leave out those with the oldest "
        "copies");
  for (std::size_t i = 0; i < surveys.size(); ++i) {
    if (auto e = check_one(surveys[i]); e.code != errc::none) return e;
    for (std::size_t j = 0; j < i; ++j)
      if (auto e = check_two(surveys[j], surveys[i]); e.code != errc::none)
        return e;
  }
  return {};
}

// -- deciding

/// Returns how many copies the old cluster kept, as its members knew last.
std::uint32_t kept_by(surveys_view surveys) {
  auto most = std::uint32_t{1};
  for (const auto& x : surveys) most = std::max(most, x.replicas);
  return most;
}

std::size_t copies(surveys_view surveys, std::size_t group) {
  return static_cast<std::size_t>(std::ranges::count_if(
    surveys, [&](const auto& x) { return x.groups[group].has_copy(); }));
}

recovery_risk
risk_of(surveys_view surveys, std::size_t group, epoch_number at) {
  auto kept = kept_by(surveys);
  auto seen = epoch_number{0};
  for (const auto& x : surveys) seen = std::max(seen, x.groups[group].seen);
  auto found = copies(surveys, group);
  if (found == 0) return recovery_risk::all;
  if (found >= kept) return recovery_risk::none;
  if (kept - found < majority_of(kept)) return recovery_risk::few;
  return seen > at ? recovery_risk::behind : recovery_risk::some;
}

/// The replicas of a group: the leader first.
std::vector<member_id> ordered(std::vector<member_id> all, member_id leader) {
  auto at = std::ranges::find(all, leader);
  if (at != all.end()) std::rotate(all.begin(), at, at + 1);
  return all;
}

class recovering {
public:
  recovering(surveys_view surveys, std::uint32_t replicas)
    : surveys_{surveys}, replicas_{replicas} {
    auto all = std::vector<ring_member>{};
    for (const auto& x : surveys)
      all.push_back({x.number, x.member, member_state::up});
    wanted_ = plan_ring(all, replicas);
  }

  recovered_group decide(std::size_t group) const {
    auto made = recovered_group{};
    for (const auto& x : surveys_) {
      const auto& of = x.groups[group];
      made.seen = std::max(made.seen, of.seen);
      made.seen = std::max(made.seen, of.last.epoch);
      made.last = std::max(made.last, of.last);
      if (of.has_copy()) made.holders.push_back(x.number);
    }
    made.risk = risk_of(surveys_, group, made.last.epoch);
    made.record = record_of(made, group);
    return made;
  }

private:
  group_record record_of(const recovered_group& of, std::size_t group) const {
    auto made = group_record{};
    made.epoch = of.seen + 1;
    made.cause = record_cause::operation;
    made.replicas = of.holders.empty() ? wanted_[group] : of.holders;
    for (const auto& x : surveys_) {
      auto is_in = std::ranges::find(made.replicas, x.number);
      if (is_in != made.replicas.end() && x.groups[group].last == of.last)
        made.in_sync.push_back({x.number, x.store});
    }
    made.leader = made.in_sync.front().member;
    auto agree = static_cast<std::uint32_t>(made.in_sync.size());
    made.min_in_sync = std::min(majority_of(replicas_), agree);
    for (auto x : wanted_[group])
      if (made.find_in_sync(x)) {
        made.leader = x;
        break;
      }
    made.replicas = ordered(std::move(made.replicas), made.leader);
    return made;
  }

  surveys_view surveys_;
  std::uint32_t replicas_;
  std::vector<replica_list> wanted_;
};

} // namespace

std::string to_string(recovery_risk risk) {
  switch (risk) {
    case recovery_risk::none: return "none";
    case recovery_risk::few: return "none, unless it was on the move";
    case recovery_risk::some: return "what only missing members had";
    case recovery_risk::behind: return "a later leader's entries";
    case recovery_risk::all: return "all of it";
  }
  return "unknown";
}

result<recovery_plan> plan_recovery(std::span<const store_survey> surveys) {
  if (auto wrong = check(surveys); wrong.code != errc::none) return wrong;
  auto made = recovery_plan{};
  made.replicas = kept_by(surveys);
  auto all = recovering{surveys, made.replicas};
  for (std::size_t g = 0; g < groups; ++g) made.groups.push_back(all.decide(g));
  return made;
}

} // namespace troupe::cluster
