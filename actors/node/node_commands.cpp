#include "actors/edge/control_socket.hpp"
#include "actors/fatal.hpp"
#include "actors/node/command_line.hpp"
#include "actors/node/configuration.hpp"
#include "actors/node/go_on.hpp"
#include "actors/node/node.hpp"
#include "actors/node/shown.hpp"
#include "actors/node/table.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <iostream>
#include <limits>

// Commands that ask a node: the one that runs on the data folder, or, where
// none runs, one started just for the question, without sources and handlers.

namespace troupe {

namespace json = boost::json;

namespace {

int exit_code_of(const error& why) {
  switch (why.code) {
    case errc::not_found: return exit_no_input;
    case errc::in_use:
    case errc::newer_format: return exit_try_again;
    case errc::refused: return exit_unavailable;
    case errc::cannot_create: return exit_cannot_create;
    default: return exit_io;
  }
}

int complain(const error& why) {
  std::cerr << "error: " << why.detail << '\n';
  return exit_code_of(why);
}

result<json::object> ask_stopped_node(
  const std::filesystem::path& data_dir, const json::object& request) {
  if (!std::filesystem::exists(data_dir))
    return error{
      errc::not_found, "there is no data folder " + data_dir.string()
                         + "; name one with -c FILE or --data-dir DIR"};
  auto quiet = node::start_quiet(data_dir);
  if (!quiet) return quiet.error();
  auto answer = (*quiet)->answers()->answer(request);
  (*quiet)->stop(std::chrono::seconds{10});
  return answer;
}

/// Asks whoever has the folder; nobody may, and that may change meanwhile.
result<json::object>
ask_node(const std::filesystem::path& data_dir, const json::object& request) {
  for (auto tries_left = 5;; --tries_left) {
    auto answer = ask_running_node(data_dir, request);
    if (answer || answer.error().code != errc::not_found) return answer;
    answer = ask_stopped_node(data_dir, request);
    // In use by a node that is starting: soon it can be asked itself.
    auto is_starting = !answer && answer.error().code == errc::in_use;
    if (!is_starting || tries_left == 1) return answer;
  }
}

/// Says what an answer lacks. Returns the code to end with.
int complain_of_missing(const json::object& answer) {
  auto* missing = answer.if_contains("missing");
  if (!missing) return 0;
  for (const auto& x : missing->as_array())
    std::cerr << "error: not all is here: " << x.as_string().c_str() << '\n';
  return exit_try_again;
}

/// Asks and hands the answer to `print`.
template <class Print>
int ask(const command_line& line, const json::object& request, Print print) {
  auto data_dir = data_dir_of(line);
  if (!data_dir) return exit_code_of_faults(line);
  auto answer = ask_node(*data_dir, request);
  if (!answer) return complain(answer.error());
  if (answer->at("ok").as_bool()) {
    print(*answer);
    return complain_of_missing(*answer);
  }
  std::cerr << "error: " << answer->at("error").as_string().c_str() << '\n';
  return exit_no_input;
}

int ask_rows(
  const command_line& line,
  const json::object& request,
  const std::vector<std::string>& columns) {
  return ask(line, request, [&](const json::object& answer) {
    const auto& rows = answer.at("rows").as_array();
    std::cout << (line.as_json ? to_json_lines(rows) : to_table(rows, columns));
  });
}

// What is shown is borrowed all at once; what is moved goes in small steps.
constexpr std::uint64_t most_shown = 10'000;
constexpr std::uint64_t everything = std::numeric_limits<std::uint32_t>::max();

std::uint64_t limit_of(const command_line& line, std::uint64_t most) {
  return line.limit > 0 ? std::min(line.limit, most) : most;
}

void print_dead_letter(const json::object& row) {
  const auto& headers = row.at("headers").as_object();
  auto header = [&](std::string_view name) {
    auto* found = headers.if_contains(name);
    return found && found->is_string() ? shown(found->get_string()) : "";
  };
  std::cout << header("x-error-class") << ": " << header("x-error-text")
            << "\n  from " << header("x-first-death-queue") << ", routing key '"
            << shown(row.at("routing_key").as_string()) << "'\n";
  if (auto* attempts = headers.if_contains("x-attempts"))
    if (auto* all = attempts->if_array())
      for (const auto& x : *all)
        std::cout << "  attempt: " << shown(json::serialize(x)) << '\n';
  std::cout << "  " << shown(row.at("body").as_string()) << '\n';
}

} // namespace

int queue_ls_command(const command_line& line) {
  return ask_rows(
    line, {{"command", "queue.ls"}},
    {"queue", "type", "length", "ready", "on_loan", "waiting", "consumers",
     "published", "acked", "dead_lettered"});
}

int dlq_ls_command(const command_line& line) {
  return ask_rows(
    line, {{"command", "dlq.ls"}}, {"queue", "length", "by_class"});
}

int dlq_show_command(const command_line& line) {
  auto request = json::object{
    {"command", "dlq.show"},
    {"queue", line.topic},
    {"limit", limit_of(line, most_shown)}};
  return ask(line, request, [&](const json::object& answer) {
    const auto& rows = answer.at("rows").as_array();
    if (line.as_json)
      std::cout << to_json_lines(rows);
    else
      for (const auto& row : rows) print_dead_letter(row.as_object());
  });
}

int dlq_replay_command(const command_line& line) {
  auto count = line.limit > 0 ? "up to " + std::to_string(line.limit) : "all";
  if (!may_go_on(line, "publish " + count + " dead letters again"))
    return exit_usage;
  auto request = json::object{
    {"command", "dlq.replay"},
    {"queue", line.topic},
    {"limit", limit_of(line, everything)}};
  return ask(line, request, [&](const json::object& answer) {
    if (line.as_json)
      std::cout << json::serialize(json_shown(answer)) << '\n';
    else
      std::cout << "replayed " << answer.at("moved") << ", left "
                << answer.at("left") << '\n';
  });
}

int state_ls_command(const command_line& line) {
  return ask_rows(
    line, {{"command", "state.ls"}, {"handler", line.topic}},
    {"scope", "name", "value"});
}

int show_status_command(const command_line& line) {
  return ask(line, {{"command", "status"}}, [&](const json::object& answer) {
    if (line.as_json) {
      std::cout << json::serialize(json_shown(answer)) << '\n';
      return;
    }
    std::cout << "node " << answer.at("node").as_string().c_str() << "\n\n"
              << to_table(
                   answer.at("sources").as_array(),
                   {"source", "published", "confirmed", "ended", "failure"})
              << '\n'
              << to_table(
                   answer.at("stages").as_array(),
                   {"stage", "restarts", "paused"});
  });
}

} // namespace troupe
