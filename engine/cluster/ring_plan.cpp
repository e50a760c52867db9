#include "engine/cluster/ring_plan.hpp"

#include "engine/base/id_text.hpp"
#include "engine/ring/hash_ring.hpp"
#include "engine/ring/slot_map.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

namespace troupe::cluster {

namespace {

using group_number = std::size_t;

/// A plan as it grows, member by member. Members are numbers here, in the
/// order of their ids.
class growing_plan {
public:
  growing_plan(std::span<const ring_member> members, std::size_t replicas)
    : replicas_{replicas}, leads_(members.size()), holds_(members.size()) {
    auto ring = hash_ring{};
    auto numbers = std::map<std::string_view, std::size_t>{};
    for (const auto& x : members) {
      ring.add(x.name);
      numbers.emplace(x.name, numbers.size());
    }
    for (group_number g = 0; g < groups; ++g) {
      ranks_[g].resize(members.size());
      auto rank = std::size_t{0};
      for (auto name : ring.walk("group-" + std::to_string(g)))
        ranks_[g][numbers.at(name)] = rank++;
    }
  }

  void add(std::size_t member) {
    const auto count = member + 1;
    const auto eager = eager_groups(member);
    if (count == 1) return take_all(member);
    take_leads(member, eager, groups / count);
    const auto places = groups * std::min(replicas_, count);
    take_copies(member, eager, places / count, count);
  }

  std::vector<std::size_t> list(group_number g) const {
    auto sorted = lists_[g]; // the leader stays in front
    if (!sorted.empty())
      std::ranges::sort(
        sorted.begin() + 1, sorted.end(), std::less{},
        [&](std::size_t x) { return ranks_[g][x]; });
    return sorted;
  }

private:
  /// Returns all groups, first those whose walk passes the member before most
  /// of those added so far; who comes later must not matter.
  std::vector<group_number> eager_groups(std::size_t member) const {
    auto ahead = std::vector<std::size_t>(groups);
    auto all = std::vector<group_number>(groups);
    for (group_number g = 0; g < groups; ++g) {
      all[g] = g;
      for (std::size_t x = 0; x < member; ++x)
        ahead[g] += ranks_[g][x] < ranks_[g][member];
    }
    std::ranges::stable_sort(
      all, std::less{}, [&](group_number g) { return ahead[g]; });
    return all;
  }

  void take_all(std::size_t member) {
    for (auto& x : lists_) x = {member};
    leads_[member] = holds_[member] = groups;
  }

  /// Takes leaders' places from those with more than their share, and first
  /// from those with more than that and one.
  void take_leads(
    std::size_t member,
    const std::vector<group_number>& eager,
    std::size_t share) {
    for (auto spare : {share + 1, share})
      for (auto g : eager) {
        if (leads_[member] >= share) return;
        auto from = lists_[g].front();
        if (from == member || leads_[from] <= spare) continue;
        --leads_[from];
        ++leads_[member];
        ++holds_[member];
        lists_[g].insert(lists_[g].begin(), member);
        if (lists_[g].size() > replicas_) drop_fullest(g);
      }
  }

  void drop_fullest(group_number g) {
    auto& list = lists_[g];
    auto out = std::max_element(
      list.begin() + 1, list.end(), [&](std::size_t x, std::size_t y) {
        return std::pair{holds_[x], ranks_[g][x]}
               < std::pair{holds_[y], ranks_[g][y]};
      });
    --holds_[*out];
    list.erase(out);
  }

  void take_copies(
    std::size_t member,
    const std::vector<group_number>& eager,
    std::size_t share,
    std::size_t count) {
    if (count <= replicas_) share = groups; // all have all
    for (auto spare : {share + 1, share})
      for (auto g : eager) {
        if (holds_[member] >= share) return;
        auto& list = lists_[g];
        if (std::ranges::find(list, member) != list.end()) continue;
        if (list.size() >= replicas_ && !has_spare(g, spare)) continue;
        ++holds_[member];
        list.push_back(member);
        if (list.size() > replicas_) drop_fullest_but_last(g);
      }
  }

  bool has_spare(group_number g, std::size_t spare) const {
    const auto& list = lists_[g];
    return std::any_of(list.begin() + 1, list.end(), [&](std::size_t x) {
      return holds_[x] > spare;
    });
  }

  void drop_fullest_but_last(group_number g) {
    auto added = lists_[g].back();
    lists_[g].pop_back();
    drop_fullest(g);
    lists_[g].push_back(added);
  }

  std::size_t replicas_;
  std::vector<std::size_t> ranks_[groups]; // in the walk, by member
  std::vector<std::size_t> lists_[groups]; // the leader first
  std::vector<std::size_t> leads_;         // how many, by member
  std::vector<std::size_t> holds_;
};

/// Returns who may be given groups, by id; of equal names the first.
std::vector<ring_member> usable(std::span<const ring_member> members) {
  auto all = std::vector<ring_member>{};
  for (const auto& x : members) {
    auto is_there = std::ranges::find(all, x.name, &ring_member::name);
    if (x.state != member_state::draining && is_there == all.end())
      all.push_back(x);
  }
  std::ranges::sort(all, std::less{}, &ring_member::id);
  return all;
}

/// Pairs copies that are missing with those that are too many.
std::vector<ring_change> copies_to_make(
  group_id group, const group_record& record, const replica_list& wanted) {
  auto missing = replica_list{};
  auto surplus = replica_list{};
  for (auto x : wanted)
    if (!contains(record.replicas, x)) missing.push_back(x);
  for (auto x : record.replicas)
    if (!contains(wanted, x)) surplus.push_back(x);
  auto changes = std::vector<ring_change>{};
  for (std::size_t i = 0; i < std::max(missing.size(), surplus.size()); ++i)
    changes.push_back(
      {group, i < surplus.size() ? surplus[i] : nobody,
       i < missing.size() ? missing[i] : nobody, ring_change_kind::replica});
  return changes;
}

} // namespace

std::string to_string(member_state state) {
  switch (state) {
    case member_state::joining: return "joining";
    case member_state::up: return "up";
    case member_state::draining: return "draining";
  }
  return "unknown";
}

std::string to_string(ring_change_kind kind) {
  return kind == ring_change_kind::leader ? "leader" : "replica";
}

std::string to_string(const ring_change& change) {
  return group_text(change.group) + ": " + to_string(change.kind) + ' '
         + member_text(change.from) + " -> " + member_text(change.to);
}

std::vector<replica_list>
plan_ring(std::span<const ring_member> members, std::size_t replicas) {
  auto lists = std::vector<replica_list>(groups);
  const auto all = usable(members);
  if (all.empty() || replicas == 0) return lists;
  auto plan = growing_plan{all, replicas};
  for (std::size_t i = 0; i < all.size(); ++i) plan.add(i);
  for (group_number g = 0; g < groups; ++g)
    for (auto i : plan.list(g)) lists[g].push_back(all[i].id);
  return lists;
}

std::vector<ring_change> plan_moves(
  std::span<const group_record> current, std::span<const replica_list> wanted) {
  auto first = std::vector<ring_change>{};
  auto rest = std::vector<ring_change>{};
  for (std::size_t g = 0; g < std::min(current.size(), wanted.size()); ++g) {
    const auto& record = current[g];
    if (record.epoch == 0 || wanted[g].empty()) continue;
    const auto group = static_cast<group_id>(g);
    auto copies = copies_to_make(group, record, wanted[g]);
    rest.insert(rest.end(), copies.begin(), copies.end());
    const auto to = wanted[g].front();
    if (record.leader == to) continue;
    auto& list = contains(record.replicas, to) ? first : rest;
    list.push_back({group, record.leader, to, ring_change_kind::leader});
  }
  first.insert(first.end(), rest.begin(), rest.end());
  return first;
}

} // namespace troupe::cluster
