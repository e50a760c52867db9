#include "actors/node/cluster_commands.hpp"

#include "actors/edge/control_socket.hpp"
#include "actors/fatal.hpp"
#include "actors/node/command_line.hpp"
#include "actors/node/configuration.hpp"
#include "actors/node/go_on.hpp"
#include "actors/node/table.hpp"

#include <boost/json.hpp>

#include <array>
#include <cstdio>
#include <iostream>

// Commands that ask a running member about its cluster. Unlike others they
// start no node for the question: alone it would know nothing of the others.

namespace troupe {

namespace json = boost::json;

namespace {

/// Asks and hands the answer to `print`.
template <class Print>
int ask_member(
  const command_line& line, const json::object& request, Print print) {
  auto data_dir = data_dir_of(line);
  if (!data_dir) return exit_code_of_faults(line);
  auto answer = ask_running_node(*data_dir, request);
  if (!answer) {
    std::cerr << "error: " << answer.error().detail
              << "; ask one that runs, or start it with: troupe run\n";
    return exit_unavailable;
  }
  if (answer->at("ok").as_bool()) return print(*answer), 0;
  std::cerr << "error: " << answer->at("error").as_string().c_str() << '\n';
  return exit_no_input;
}

int tell(const command_line& line, const json::object& request) {
  return ask_member(line, request, [&](const json::object& answer) {
    if (line.as_json)
      std::cout << json::serialize(answer) << '\n';
    else
      std::cout << answer.at("done").as_string().c_str() << '\n';
  });
}

std::string text(const json::object& from, std::string_view name) {
  return std::string{from.at(name).as_string()};
}

std::uint64_t number(const json::object& from, std::string_view name) {
  return from.at(name).to_number<std::uint64_t>();
}

std::string
counted(std::uint64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

// Lists of names become one text: brackets and quotes would only be in the way.
json::array readable(const json::array& rows) {
  auto out = rows;
  for (auto& row : out)
    for (auto& [name, cell] : row.as_object()) {
      if (!cell.is_array()) continue;
      auto joined = std::string{};
      for (const auto& x : cell.as_array())
        joined += (joined.empty() ? "" : " ") + std::string{x.as_string()};
      cell = joined;
    }
  return out;
}

std::string groups_text(const json::object& groups, std::uint64_t replicas) {
  auto out = "groups: " + std::to_string(number(groups, "count"));
  if (auto n = number(groups, "without_leader"); n > 0)
    out += ", " + std::to_string(n) + " without a leader";
  if (auto n = number(groups, "not_in_sync"); n > 0)
    out += ", " + std::to_string(n) + " with a replica that is not in sync";
  if (auto n = number(groups, "moving"); n > 0)
    out += ", " + std::to_string(n) + " with copies that come or go";
  if (auto n = number(groups, "other_replicas"); n > 0)
    out += ", " + std::to_string(n) + " not with " + std::to_string(replicas)
           + (replicas == 1 ? " replica" : " replicas");
  return out + '\n';
}

std::string size_in_words(std::uint64_t bytes) {
  constexpr auto mebibyte = 1024.0 * 1024.0;
  auto out = std::array<char, 32>{};
  std::snprintf(
    out.data(), out.size(), "%.1f MiB", static_cast<double>(bytes) / mebibyte);
  return out.data();
}

std::string summary(const json::object& plan) {
  auto leaders = number(plan, "leaders");
  auto copies = number(plan, "copies");
  auto out = counted(leaders, "leader moves", "leaders move") + ", "
             + counted(copies, "copy is made", "copies are made");
  if (auto bytes = number(plan, "bytes"); bytes > 0)
    out += " of about " + size_in_words(bytes);
  if (auto unknown = number(plan, "unknown"); unknown > 0)
    out += " (the size of " + std::to_string(unknown)
           + " is not known to the member that was asked)";
  if (auto dropped = number(plan, "dropped"); dropped > 0)
    out += ", " + counted(dropped, "copy goes", "copies go");
  out += '\n';
  if (plan.at("too_few_members").as_bool())
    out += "fewer members than replicas are left, so that copies stay where "
           "they are\n";
  return out;
}

/// Says what a number of replicas bears.
std::string worth(std::uint64_t replicas) {
  auto least = replicas / 2 + 1;
  auto bears = replicas - least;
  return counted(replicas, "copy", "copies")
         + " of each message, confirmed once " + std::to_string(least)
         + " of them or more are on disk: "
         + (bears == 0 ? "no member may fail" : counted(bears, "member may fail", "members may fail"))
         + '\n';
}

/// Returns what a plan for another number of replicas comes to.
std::string plan_text(const command_line& line, const json::object& answer) {
  auto what = line.replicas ? worth(number(answer, "replicas")) : "";
  return what + cluster_plan_text(answer);
}

json::object plan_request(const command_line& line) {
  auto made =
    json::object{{"command", "cluster.plan"}, {"without", line.without}};
  if (line.replicas) made["replicas"] = *line.replicas;
  return made;
}

} // namespace

// -- as text

std::string cluster_status_text(const json::object& answer) {
  auto out = "cluster " + text(answer, "cluster") + ", asked "
             + text(answer, "self") + '\n';
  out += "coordinator: " + text(answer, "coordinator") + '\n';
  out +=
    groups_text(answer.at("groups").as_object(), number(answer, "replicas"))
    + '\n';
  out += to_table(
    answer.at("members").as_array(), {"member", "id", "up", "state", "leads",
                                      "keeps", "behind", "address", "store"});
  const auto& moves = answer.at("moves").as_array();
  if (!moves.empty()) out += "\nunder way:\n";
  for (const auto& x : moves) out += "  " + std::string{x.as_string()} + '\n';
  return out;
}

std::string cluster_ring_text(const json::object& answer) {
  return to_table(
    readable(answer.at("rows").as_array()),
    {"group", "leader", "epoch", "replicas", "in_sync", "adding", "removing",
     "bytes"});
}

std::string cluster_plan_text(const json::object& answer) {
  const auto& moves = answer.at("rows").as_array();
  auto out = moves.empty() ? "nothing moves\n" : summary(answer);
  out += '\n'
         + to_table(
           answer.at("members").as_array(),
           {"member", "leads", "will_lead", "keeps", "will_keep"});
  if (moves.empty()) return out;
  return out + '\n' + to_table(moves, {"group", "move", "from", "to", "bytes"});
}

// -- subcommands

int cluster_status_command(const command_line& line) {
  auto request = json::object{{"command", "cluster.status"}};
  return ask_member(line, request, [&](const json::object& answer) {
    std::cout
      << (line.as_json ? json::serialize(answer) + '\n'
                       : cluster_status_text(answer));
  });
}

int cluster_ring_show_command(const command_line& line) {
  auto request = json::object{{"command", "cluster.ring"}};
  return ask_member(line, request, [&](const json::object& answer) {
    std::cout
      << (line.as_json ? to_json_lines(answer.at("rows").as_array())
                       : cluster_ring_text(answer));
  });
}

int cluster_ring_plan_command(const command_line& line) {
  return ask_member(line, plan_request(line), [&](const json::object& answer) {
    std::cout
      << (line.as_json ? json::serialize(answer) + '\n'
                       : plan_text(line, answer));
  });
}

int cluster_join_command(const command_line& line) {
  return tell(line, {{"command", "cluster.join"}, {"member", line.topic}});
}

int cluster_drain_command(const command_line& line) {
  return tell(line, {{"command", "cluster.drain"}, {"member", line.topic}});
}

int cluster_remove_command(const command_line& line) {
  auto what = "make the cluster forget " + line.topic + " and its copies";
  if (!may_go_on(line, what)) return exit_usage;
  return tell(line, {{"command", "cluster.remove"}, {"member", line.topic}});
}

int cluster_rebalance_command(const command_line& line) {
  return tell(line, {{"command", "cluster.rebalance"}});
}

/// Shows what will move, and asks, before it is done.
int cluster_replicas_command(const command_line& line) {
  auto plan =
    ask_member(line, plan_request(line), [&](const json::object& answer) {
      if (!line.as_json) std::cout << plan_text(line, answer) << std::flush;
    });
  if (plan != 0) return plan;
  auto count = std::to_string(*line.replicas);
  auto what = "keep " + count + (*line.replicas == 1 ? " replica" : " replicas")
              + " of each group";
  if (!may_go_on(line, what)) return exit_usage;
  return tell(
    line, {{"command", "cluster.replicas"}, {"replicas", *line.replicas}});
}

} // namespace troupe
