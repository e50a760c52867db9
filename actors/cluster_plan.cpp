#include "actors/cluster_plan.hpp"

#include "config/nearest.hpp"
#include "engine/base/id_text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

using cluster::group_record;
using cluster::member_id;
using cluster::ring_change;
using cluster::ring_change_kind;
using cluster::ring_member;

namespace {

std::size_t number(group_id group) { return static_cast<std::size_t>(group); }

bool is_usable(const ring_member& x) {
  return x.state != cluster::member_state::draining;
}

/// The members as they are, or as if one were draining.
result<std::vector<ring_member>> members_without(
  const ring_picture& now, const std::optional<std::string>& without) {
  auto members = now.members;
  if (without) {
    auto found = std::ranges::find(members, *without, &ring_member::name);
    if (found == members.end()) {
      auto names = std::vector<std::string>{};
      for (const auto& x : members) names.push_back(x.name);
      return unknown_member(*without, names);
    }
    found->state = cluster::member_state::draining;
  }
  if (std::ranges::any_of(members, is_usable)) return members;
  return error{
    errc::bad_input, "nobody would be left to keep anything; add a member, or "
                     "bring a draining one back with: troupe cluster join"};
}

/// Follows the controller where copies stay: a lead goes to whom the ring
/// wants, or away from a member that drains to any copy in sync.
std::optional<ring_change> lead_alone(
  group_id group,
  const group_record& record,
  const cluster::replica_list& wanted) {
  if (record.epoch == 0 || wanted.empty() || record.leader == wanted.front())
    return {};
  auto fits = [&](member_id x) {
    return cluster::contains(record.replicas, x) && cluster::contains(wanted, x)
           && record.find_in_sync(x) != nullptr && !record.is_removing(x);
  };
  auto to = std::ranges::find_if(wanted, fits);
  auto has_to_go = !cluster::contains(wanted, record.leader);
  if (to == wanted.end() || (to != wanted.begin() && !has_to_go)) return {};
  return ring_change{group, record.leader, *to, ring_change_kind::leader};
}

std::vector<ring_change> changes_of(
  const ring_picture& now,
  const std::vector<ring_member>& members,
  const cluster_plan& plan) {
  auto wanted = cluster::plan_ring(members, plan.replicas);
  if (!plan.has_too_few) return cluster::plan_moves(now.groups, wanted);
  auto out = std::vector<ring_change>{};
  auto count = std::min(now.groups.size(), wanted.size());
  for (std::size_t g = 0; g < count; ++g)
    if (auto x = lead_alone(static_cast<group_id>(g), now.groups[g], wanted[g]))
      out.push_back(*x);
  return out;
}

/// Counts what each member leads and keeps, before and after.
class share_count {
public:
  explicit share_count(const ring_picture& now) : now_{now} {
    for (const auto& x : now.members) shares_.push_back({x.name, 0, 0, 0, 0});
    for (const auto& record : now.groups) count(record);
  }

  std::string name_of(member_id id) const {
    auto found = std::ranges::find(now_.members, id, &ring_member::id);
    if (found != now_.members.end()) return found->name;
    if (id == cluster::nobody) return {};
    return "member " + id_text(id);
  }

  void apply(const ring_change& x) {
    auto is_lead = x.kind == ring_change_kind::leader;
    auto counted =
      is_lead ? &planned_share::will_lead : &planned_share::will_keep;
    if (auto* from = find(x.from)) --(from->*counted);
    if (auto* to = find(x.to)) ++(to->*counted);
  }

  std::vector<planned_share> take() { return std::move(shares_); }

private:
  void count(const group_record& record) {
    if (auto* x = find(record.leader)) ++x->leads, ++x->will_lead;
    for (auto id : record.replicas)
      if (auto* x = find(id)) ++x->keeps, ++x->will_keep;
  }

  planned_share* find(member_id id) {
    auto found = std::ranges::find(now_.members, id, &ring_member::id);
    if (found == now_.members.end()) return nullptr;
    return &shares_[static_cast<std::size_t>(found - now_.members.begin())];
  }

  const ring_picture& now_;
  std::vector<planned_share> shares_;
};

bool is_copied(const ring_change& x) {
  return x.kind == ring_change_kind::replica && x.to != cluster::nobody;
}

std::optional<std::uint64_t> bytes_of(
  const std::vector<std::optional<std::uint64_t>>& bytes,
  const ring_change& x) {
  if (!is_copied(x) || number(x.group) >= bytes.size()) return {};
  return bytes[number(x.group)];
}

/// Says why so many replicas cannot be kept; empty: they can.
std::string why_not(std::uint32_t replicas, std::uint32_t usable) {
  if (replicas < 1 || replicas > most_replicas)
    return "a group has 1 to " + std::to_string(most_replicas)
           + " replicas; 3 bear the loss of one member, 5 of two";
  if (replicas <= usable) return {};
  return std::to_string(replicas) + " replicas need as many members, and "
         + std::to_string(usable)
         + (usable == 1 ? " is up and does not drain" : " are up and do not drain")
         + "; start more, or bring a draining one back with: troupe cluster "
           "join";
}

const char* word_of(const planned_move& x) {
  if (x.kind == ring_change_kind::leader) return "leader";
  if (x.from.empty()) return "new copy";
  return x.to.empty() ? "copy goes" : "copy";
}

json::object to_row(const planned_move& x) {
  return {
    {"group", static_cast<unsigned>(x.group)},
    {"move", word_of(x)},
    {"from", x.from},
    {"to", x.to},
    {"bytes", x.bytes}};
}

json::object to_row(const planned_share& x) {
  return {
    {"member", x.name},
    {"leads", x.leads},
    {"will_lead", x.will_lead},
    {"keeps", x.keeps},
    {"will_keep", x.will_keep}};
}

} // namespace

error unknown_member(
  const std::string& name, const std::vector<std::string>& names) {
  auto meant = nearest(name, names);
  auto cure = meant.empty() ? "`troupe cluster status` lists them"
                            : "did you mean '" + meant + "'?";
  return {errc::not_found, "no member is called '" + name + "'; " + cure};
}

result<cluster_plan> plan_of(const ring_picture& now, const plan_wish& wish) {
  auto members = members_without(now, wish.without);
  if (!members) return members.error();
  auto usable =
    static_cast<std::uint32_t>(std::ranges::count_if(*members, is_usable));
  if (wish.replicas)
    if (auto why = why_not(*wish.replicas, usable); !why.empty())
      return error{errc::bad_input, why};
  auto out = cluster_plan{};
  out.replicas = wish.replicas.value_or(now.replicas);
  out.has_too_few = usable < out.replicas;
  auto shares = share_count{now};
  for (const auto& x : changes_of(now, *members, out)) {
    auto bytes = bytes_of(now.group_bytes, x);
    out.moves.push_back(
      {x.group, x.kind, shares.name_of(x.from), shares.name_of(x.to),
       bytes.value_or(0)});
    if (is_copied(x) && !bytes) ++out.copies_unknown;
    shares.apply(x);
  }
  out.shares = shares.take();
  return out;
}

json::object to_json(const cluster_plan& plan) {
  auto rows = json::array{};
  auto leaders = std::uint64_t{0};
  auto copies = std::uint64_t{0};
  auto dropped = std::uint64_t{0};
  auto bytes = std::uint64_t{0};
  for (const auto& x : plan.moves) {
    rows.push_back(to_row(x));
    auto is_lead = x.kind == ring_change_kind::leader;
    leaders += is_lead ? 1 : 0;
    copies += !is_lead && !x.to.empty() ? 1 : 0;
    dropped += !is_lead && x.to.empty() ? 1 : 0;
    bytes += x.bytes;
  }
  auto members = json::array{};
  for (const auto& x : plan.shares) members.push_back(to_row(x));
  return {
    {"ok", true},
    {"replicas", plan.replicas},
    {"leaders", leaders},
    {"copies", copies},
    {"dropped", dropped},
    {"bytes", bytes},
    {"unknown", plan.copies_unknown},
    {"too_few_members", plan.has_too_few},
    {"members", std::move(members)},
    {"rows", std::move(rows)}};
}

} // namespace troupe
