#include "actors/node/cluster_operators.hpp"

#include <caf/scoped_actor.hpp>

namespace troupe {

using namespace cluster;

namespace {

constexpr auto answer_limit = std::chrono::seconds{5};

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

cluster_report report(const operator_places& from) {
  auto view = from.board->look();
  auto names = names_in(view);
  auto made = cluster_report{};
  made.name = from.config.name;
  made.self = from.self;
  made.coordinator = state_of(view);
  made.replicas = from.config.replicas;
  for (const auto& [name, x] : view.members) {
    made.members.push_back(line_of(name, x));
    note_behind(made.members.back(), view);
  }
  for (const auto& [group, x] : view.groups)
    made.groups.push_back(troupe::line_of(group, x.first, names));
  made.moves = moves_in(view, names);
  count_groups(made);
  return made;
}

result<cluster_plan>
plan(const operator_places& from, const std::optional<std::string>& without) {
  auto view = from.board->look();
  auto picture = ring_picture{};
  picture.replicas = from.config.replicas;
  for (const auto& [name, x] : view.members)
    if (x.is_running)
      picture.members.push_back({x.record.id, name, x.record.state});
  for (const auto& [group, x] : view.groups) picture.groups.push_back(x.first);
  return plan_of(picture, without);
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

} // namespace

cluster_places make_cluster_places(operator_places from) {
  auto kept = std::make_shared<operator_places>(std::move(from));
  auto made = cluster_places{};
  made.report = [kept] { return report(*kept); };
  made.plan = [kept](const std::optional<std::string>& without) {
    return plan(*kept, without);
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
