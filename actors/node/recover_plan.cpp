#include "actors/fatal.hpp"
#include "actors/node/command_line.hpp"
#include "actors/node/configuration.hpp"
#include "actors/node/go_on.hpp"
#include "actors/node/random_id.hpp"
#include "actors/node/recover_commands.hpp"
#include "actors/node/table.hpp"

#include <boost/json.hpp>

#include <array>
#include <fstream>
#include <iostream>

namespace troupe {

namespace json = boost::json;

using namespace cluster;

namespace {

constexpr std::array risks = {
  recovery_risk::few, recovery_risk::some, recovery_risk::behind,
  recovery_risk::all};

int refuse_plan(const error& why) {
  std::cerr << "error: " << why.detail << '\n';
  return why.code == errc::not_found ? exit_no_input : exit_bad_input;
}

result<std::vector<store_survey>> read_surveys(const command_line& line) {
  auto all = std::vector<store_survey>{};
  for (const auto& file : line.surveys) {
    auto text = read_text(file);
    if (!text) return text.error();
    auto read = parse_survey(*text, '\'' + file.string() + '\'');
    if (!read) return read.error();
    all.push_back(std::move(*read));
  }
  return all;
}

// -- showing

std::string name_of(const std::vector<store_survey>& among, member_id id) {
  for (const auto& x : among)
    if (x.number == id) return x.member;
  return "?";
}

std::string names_of(
  const std::vector<store_survey>& among, const std::vector<member_id>& ids) {
  auto all = std::string{};
  for (auto id : ids) all += (all.empty() ? "" : " ") + name_of(among, id);
  return all.empty() ? "-" : all;
}

/// Group numbers, runs of them as "3-9".
std::string numbers_text(const std::vector<std::size_t>& all) {
  auto out = std::string{};
  for (std::size_t i = 0; i < all.size();) {
    auto j = i;
    while (j + 1 < all.size() && all[j + 1] == all[j] + 1) ++j;
    out += (out.empty() ? "" : ", ") + std::to_string(all[i]);
    if (j > i) out += '-' + std::to_string(all[j]);
    i = j + 1;
  }
  return out;
}

std::string sentence(recovery_risk risk, const std::string& numbers) {
  switch (risk) {
    case recovery_risk::few:
      return "groups " + numbers
             + ": a copy is not surveyed. Nothing that was confirmed is lost, "
               "unless copies of the group were just being moved";
    case recovery_risk::some:
      return "groups " + numbers
             + ": confirmed messages may be lost if a member that is not "
               "among the surveys had more";
    case recovery_risk::behind:
      return "groups " + numbers
             + ": a later leader is known of, and no survey has an entry of "
               "its: what it confirmed is lost";
    case recovery_risk::all:
      return "groups " + numbers
             + ": no survey has a copy. All of their messages are lost";
    default: return {};
  }
}

json::array warnings_of(const recovery_plan& plan) {
  auto all = json::array{};
  for (auto risk : risks) {
    auto numbers = std::vector<std::size_t>{};
    for (std::size_t g = 0; g < plan.groups.size(); ++g)
      if (plan.groups[g].risk == risk) numbers.push_back(g);
    if (!numbers.empty())
      all.emplace_back(sentence(risk, numbers_text(numbers)));
  }
  return all;
}

json::object row_of(
  std::size_t group,
  const recovered_group& of,
  const std::vector<store_survey>& surveys) {
  auto agreeing = std::vector<member_id>{};
  for (const auto& x : of.record.in_sync) agreeing.push_back(x.member);
  return {
    {"group", group},
    {"leader", name_of(surveys, of.record.leader)},
    {"last", to_string(of.last)},
    {"agree", names_of(surveys, agreeing)},
    {"copies", names_of(surveys, of.holders)},
    {"epoch", of.record.epoch},
    {"confirms_with", of.record.min_in_sync},
    {"may_be_lost", to_string(of.risk)}};
}

bool loses_groups(const recovery_plan& plan) {
  for (const auto& x : plan.groups)
    if (x.risk == recovery_risk::all) return true;
  return false;
}

// -- writing

/// Checks the configuration of the cluster that is to be.
result<std::string> new_name(const command_line& line, const store_survey& of) {
  auto loaded = load_configuration(line);
  if (!loaded)
    return error{errc::bad_config, "the configuration has faults, see above"};
  if (!loaded->config.cluster)
    return error{
      errc::bad_config, "the configuration has no [cluster]; name a file of "
                        "the cluster that is to be, with -c"};
  const auto& name = loaded->config.cluster->name;
  if (name != of.cluster) return name;
  return error{
    errc::bad_config,
    "the recovered cluster needs another name than '" + name
      + "', so that no node or etcd of the old one that comes back is taken "
        "for one of the new: change cluster.name in the configuration of all "
        "nodes"};
}

} // namespace

result<std::string> read_text(const std::filesystem::path& file) {
  auto in = std::ifstream{file, std::ios::binary};
  if (!in)
    return error{
      errc::not_found,
      "cannot read '" + file.string() + "'; check its name and who owns it"};
  auto text = std::string(most_recovery_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() <= most_recovery_bytes) return text;
  return error{
    errc::bad_input, "'" + file.string()
                       + "' is too large for a file of `troupe recover`; "
                         "check its name"};
}

json::object
describe(const recovery_plan& plan, const std::vector<store_survey>& surveys) {
  auto rows = json::array{};
  for (std::size_t g = 0; g < plan.groups.size(); ++g)
    rows.emplace_back(row_of(g, plan.groups[g], surveys));
  auto members = json::array{};
  for (const auto& x : surveys)
    members.push_back(
      json::object{{"member", x.member}, {"store", to_string(x.store)}});
  return {
    {"cluster", surveys.front().cluster},
    {"cluster_id", surveys.front().cluster_id},
    {"replicas", plan.replicas},
    {"members", std::move(members)},
    {"rows", std::move(rows)},
    {"warnings", warnings_of(plan)}};
}

std::string recovery_plan_text(const json::object& plan) {
  auto text = [](const json::value& x) { return std::string{x.as_string()}; };
  auto replicas = plan.at("replicas").to_number<std::uint32_t>();
  auto out = "of cluster " + text(plan.at("cluster")) + " (id "
             + text(plan.at("cluster_id")) + "):\n\n";
  out += to_table(plan.at("members").as_array(), {"member", "store"}) + '\n';
  out += to_table(
    plan.at("rows").as_array(), {"group", "leader", "last", "agree", "copies",
                                 "epoch", "confirms_with", "may_be_lost"});
  out += "\nreplicas = " + std::to_string(replicas)
         + ", as it was when these members last started: groups with fewer "
           "copies confirm with those that agree, and get "
           "more when members join\n";
  for (const auto& x : plan.at("warnings").as_array()) out += text(x) + ".\n";
  if (plan.at("warnings").as_array().empty())
    out += "All copies are surveyed: nothing that was confirmed is lost.\n";
  return out;
}

recovery recovery_of(
  const recovery_plan& plan,
  std::vector<store_survey> surveys,
  std::string name,
  std::string cluster_id) {
  auto made = recovery{};
  made.cluster = std::move(name);
  made.cluster_id = std::move(cluster_id);
  made.replicas = plan.replicas;
  for (const auto& x : plan.groups) made.groups.push_back(x.record);
  made.surveys = std::move(surveys);
  return made;
}

int recover_plan_command(const command_line& line) {
  auto surveys = read_surveys(line);
  if (!surveys) return refuse_plan(surveys.error());
  auto plan = plan_recovery(*surveys);
  if (!plan) return refuse_plan(plan.error());
  auto shown = describe(*plan, *surveys);
  std::cout
    << (line.as_json ? json::serialize(shown) + '\n'
                     : recovery_plan_text(shown));
  return 0;
}

int recover_write_command(const command_line& line) {
  auto surveys = read_surveys(line);
  if (!surveys) return refuse_plan(surveys.error());
  auto plan = plan_recovery(*surveys);
  if (!plan) return refuse_plan(plan.error());
  auto name = new_name(line, surveys->front());
  if (!name) return refuse_plan(name.error()), exit_config;
  for (const auto& x : warnings_of(*plan))
    std::cerr << "warning: " << x.as_string().c_str() << ".\n";
  if (loses_groups(*plan) && !line.accepts_loss)
    return refuse_plan(
      {errc::refused,
       "groups would begin empty; find a store that has them, or say "
       "--accept-loss"});
  auto what = "write how cluster '" + *name + "' is made from "
              + std::to_string(surveys->size()) + " of the stores of '"
              + surveys->front().cluster + "'";
  if (!may_go_on(line, what)) return exit_usage;
  auto made =
    recovery_of(*plan, std::move(*surveys), std::move(*name), random_id());
  std::cout << to_json(made) << '\n';
  std::cerr << "run `troupe recover apply` with this on every node, before "
               "any of them starts\n";
  return std::cout.flush() ? 0 : exit_io;
}

} // namespace troupe
