#include "actors/cluster_report.hpp"

#include "engine/base/id_text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

std::string name_of(
  cluster::member_id id,
  const std::map<cluster::member_id, std::string>& names) {
  auto found = names.find(id);
  if (found != names.end()) return found->second;
  return "member " + id_text(id);
}

json::array listed(const std::vector<std::string>& names) {
  return json::array(names.begin(), names.end());
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

json::object to_row(const member_line& x) {
  return {
    {"member", x.name},
    {"id", static_cast<unsigned>(x.id)},
    {"up", x.is_up},
    {"state", to_string(x.state)},
    {"leads", x.leads},
    {"keeps", x.keeps},
    {"behind", x.behind},
    {"address", x.address},
    {"store", to_string(x.store)}};
}

json::object to_row(const group_line& x) {
  return {
    {"group", static_cast<unsigned>(x.group)},
    {"leader", x.leader},
    {"epoch", x.epoch},
    {"replicas", listed(x.replicas)},
    {"in_sync", listed(x.in_sync)},
    {"adding", listed(x.adding)},
    {"removing", listed(x.removing)},
    {"bytes", x.bytes ? json::value(*x.bytes) : json::value{}}};
}

bool is_in_sync(const group_line& x) {
  return std::ranges::all_of(
    x.replicas, [&](const auto& name) { return contains(x.in_sync, name); });
}

json::object group_counts(const cluster_report& report) {
  const auto& groups = report.groups;
  auto count = [&](auto holds) { return std::ranges::count_if(groups, holds); };
  return {
    {"count", groups.size()},
    {"without_leader", count([](const auto& x) { return x.leader.empty(); })},
    {"not_in_sync", count([](const auto& x) { return !is_in_sync(x); })},
    {"moving", count([](const auto& x) {
       return !x.adding.empty() || !x.removing.empty();
     })},
    {"other_replicas", count([&](const auto& x) {
       return x.replicas.size() != report.replicas;
     })}};
}

} // namespace

std::vector<std::string> member_names(
  const std::vector<cluster::member_id>& ids,
  const std::map<cluster::member_id, std::string>& names) {
  auto out = std::vector<std::string>{};
  for (auto id : ids) out.push_back(name_of(id, names));
  return out;
}

group_line line_of(
  group_id group,
  const cluster::group_record& record,
  const std::map<cluster::member_id, std::string>& names) {
  auto out = group_line{};
  out.group = group;
  out.epoch = record.epoch;
  if (record.leader != cluster::nobody)
    out.leader = name_of(record.leader, names);
  out.replicas = member_names(record.replicas, names);
  for (const auto& x : record.in_sync)
    out.in_sync.push_back(name_of(x.member, names));
  out.adding = member_names(record.adding, names);
  out.removing = member_names(record.removing, names);
  return out;
}

void count_groups(cluster_report& report) {
  for (auto& x : report.members) {
    auto leads = [&](const auto& group) { return group.leader == x.name; };
    auto keeps = [&](const auto& group) {
      return contains(group.replicas, x.name);
    };
    const auto& all = report.groups;
    x.leads = static_cast<std::uint32_t>(std::ranges::count_if(all, leads));
    x.keeps = static_cast<std::uint32_t>(std::ranges::count_if(all, keeps));
  }
}

const member_line*
find_member(const cluster_report& report, std::string_view name) {
  auto found = std::ranges::find(report.members, name, &member_line::name);
  return found == report.members.end() ? nullptr : &*found;
}

json::object status_json(const cluster_report& report) {
  auto members = json::array{};
  for (const auto& x : report.members) members.push_back(to_row(x));
  return {
    {"ok", true},
    {"cluster", report.name},
    {"self", report.self},
    {"coordinator", report.coordinator},
    {"replicas", report.replicas},
    {"members", std::move(members)},
    {"groups", group_counts(report)},
    {"moves", listed(report.moves)}};
}

json::object ring_json(const cluster_report& report) {
  auto rows = json::array{};
  for (const auto& x : report.groups) rows.push_back(to_row(x));
  return {{"ok", true}, {"rows", std::move(rows)}};
}

} // namespace troupe
