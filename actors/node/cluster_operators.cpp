#include "actors/node/cluster_operators.hpp"

#include "engine/ring/slot_map.hpp"

#include <algorithm>

namespace troupe {

using namespace cluster;

namespace {

std::map<member_id, std::string> names_in(const cluster_view& view) {
  auto all = std::map<member_id, std::string>{};
  for (const auto& [name, x] : view.members) all[x.record.id] = name;
  return all;
}

member_line line_of(const std::string& name, const cluster_view::member& x) {
  auto made = member_line{};
  made.name = name;
  made.id = x.record.id;
  made.state = x.record.state;
  made.store = x.record.store;
  made.address = x.record.addr_repl;
  made.is_up = x.is_running;
  return made;
}

/// What a member's line says of being behind: groups in whose records it is
/// and not in sync.
void note_behind(member_line& to, const cluster_view& view) {
  for (const auto& [group, x] : view.groups)
    if (x.first.has(to.id) && !x.first.find_in_sync(to.id)) ++to.behind;
}

std::string state_of(const cluster_view& view) {
  if (!view.trouble.empty()) return view.trouble;
  if (view.controller.empty()) return "answers; no member decides yet";
  return "answers; " + view.controller + " decides";
}

std::vector<std::string> moves_in(
  const cluster_view& view, const std::map<member_id, std::string>& names) {
  auto all = std::vector<std::string>{};
  for (const auto& [group, x] : view.groups) {
    auto of = "group " + std::to_string(static_cast<unsigned>(group));
    for (const auto& to : member_names(x.first.adding, names))
      all.push_back(of + ": a copy is made on " + to);
    for (const auto& from : member_names(x.first.removing, names))
      all.push_back(of + ": the copy on " + from + " goes");
  }
  return all;
}

/// Returns how many replicas are wanted, as far as this member has heard.
std::uint32_t
replicas_in(const cluster_view& view, const operator_places& from) {
  return view.meta ? view.meta->replicas : from.config.replicas;
}

/// Returns what this member's copy of a group takes, if it has one.
std::optional<std::uint64_t> bytes_in(
  const operator_places& from,
  const cluster_view& view,
  group_id group,
  const group_record& record) {
  auto self = view.members.find(from.self);
  if (self == view.members.end() || !from.bytes_of) return {};
  if (!record.is_in_sync(self->second.record.id, self->second.record.store))
    return {};
  return from.bytes_of(group);
}

group_line line_of(
  group_id group,
  const group_record& record,
  const std::map<member_id, std::string>& names,
  const operator_places& from,
  const cluster_view& view) {
  auto made = troupe::line_of(group, record, names);
  made.bytes = bytes_in(from, view, group, record);
  return made;
}

cluster_report report(const operator_places& from) {
  auto view = from.board->look();
  auto names = names_in(view);
  auto made = cluster_report{};
  made.name = from.config.name;
  made.self = from.self;
  made.coordinator = state_of(view);
  made.replicas = replicas_in(view, from);
  for (const auto& [name, x] : view.members) {
    made.members.push_back(line_of(name, x));
    note_behind(made.members.back(), view);
  }
  for (const auto& [group, x] : view.groups)
    made.groups.push_back(line_of(group, x.first, names, from, view));
  made.moves = moves_in(view, names);
  count_groups(made);
  return made;
}

result<cluster_plan>
plan_ring(const operator_places& from, const plan_wish& wish) {
  auto view = from.board->look();
  auto picture = ring_picture{};
  picture.replicas = replicas_in(view, from);
  for (const auto& [name, x] : view.members)
    if (x.is_running)
      picture.members.push_back({x.record.id, name, x.record.state});
  picture.groups.resize(troupe::groups); // those not made yet stay empty
  picture.group_bytes.resize(troupe::groups);
  for (const auto& [group, x] : view.groups) {
    auto i = static_cast<std::size_t>(group);
    picture.groups[i] = x.first;
    picture.group_bytes[i] = bytes_in(from, view, group, x.first);
  }
  return plan_of(picture, wish);
}

error not_answered(const txn_answer& how) {
  return {
    errc::refused, "the coordinator did not take it: "
                     + (how.why.empty() ? to_string(how.outcome) : how.why)
                     + "; try again"};
}

/// Changes what is kept of a member for good, unless somebody else just did.
result<> change(
  const operator_places& from,
  const std::string& member,
  const std::function<void(node_record&)>& how) {
  auto view = from.board->look();
  auto known = view.members.find(member);
  if (known == view.members.end())
    return error{errc::not_found, "there is no member " + member};
  auto record = known->second.record;
  how(record);
  auto key = member_key(from.prefix, member);
  auto request = txn_request{};
  request.expects.push_back({key, known->second.changed});
  request.puts.push_back({key, encode(record)});
  auto answer = wait_for_txn(*from.truth, std::move(request));
  if (answer.outcome == txn_outcome::done) return {};
  return not_answered(answer);
}

result<> remove(const operator_places& from, const std::string& member) {
  auto view = from.board->look();
  auto known = view.members.find(member);
  if (known == view.members.end())
    return error{errc::not_found, "there is no member " + member};
  auto key = member_key(from.prefix, member);
  auto request = txn_request{};
  request.expects.push_back({key, known->second.changed});
  request.erases.push_back(key);
  auto answer = wait_for_txn(*from.truth, std::move(request));
  if (answer.outcome == txn_outcome::done) return {};
  return not_answered(answer);
}

error no_meta(const std::string& key) {
  return {
    errc::not_found, "the coordinator has no '" + key
                       + "', which every cluster has; restore it from a copy"};
}

/// Changes how many replicas are wanted, unless somebody else just did.
result<> set_replicas(const operator_places& from, std::uint32_t replicas) {
  auto key = cluster_meta_key(from.prefix);
  auto read = wait_for_range(*from.truth, key);
  if (!read) return read.error();
  auto kept = std::ranges::find(read->values, key, &kept_value::key);
  if (kept == read->values.end()) return no_meta(key);
  auto meta = decode_meta(key, kept->value);
  if (!meta) return meta.error();
  if (meta->replicas == replicas) return {};
  meta->replicas = replicas;
  auto request = txn_request{};
  request.expects.push_back({key, kept->changed});
  request.puts.push_back({key, encode(*meta)});
  auto answer = wait_for_txn(*from.truth, std::move(request));
  if (answer.outcome == txn_outcome::done) return {};
  return not_answered(answer);
}

} // namespace

cluster_places make_cluster_places(operator_places from) {
  auto kept = std::make_shared<operator_places>(std::move(from));
  auto made = cluster_places{};
  made.report = [kept] { return report(*kept); };
  made.plan = [kept](const plan_wish& wish) { return plan_ring(*kept, wish); };
  made.set_replicas = [kept](std::uint32_t replicas) {
    return set_replicas(*kept, replicas);
  };
  made.set_state = [kept](const std::string& member, member_state state) {
    return change(*kept, member, [state](node_record& x) { x.state = state; });
  };
  made.remove = [kept](const std::string& member) {
    return remove(*kept, member);
  };
  // The controller does so by itself, two groups at a time; it needs no push.
  made.rebalance = []() -> result<> { return {}; };
  return made;
}

} // namespace troupe
