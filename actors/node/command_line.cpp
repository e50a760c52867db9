#include "actors/node/command_line.hpp"

#include "actors/fatal.hpp"
#include "actors/node/cluster_commands.hpp"
#include "actors/node/completion.hpp"
#include "actors/node/recover_commands.hpp"

#include <troupe/main.hpp>

#include <CLI/CLI.hpp>

#include <csignal>
#include <functional>
#include <iostream>

namespace troupe {

namespace {

using command = std::function<int(const command_line&)>;

/// Describes the whole command line; `chosen` becomes what was asked for.
class grammar {
public:
  grammar(command_line& line, command& chosen) : line_{line}, chosen_{chosen} {
    app.require_subcommand(1);
    add_run();
    add_config();
    add_operations();
    add_cluster();
    add_recover();
    add_rest();
  }

  CLI::App app{
    "Troupe: durable queues, and the handlers that consume them", "troupe"};

private:
  CLI::App* add(CLI::App* to, const char* name, const char* what, command run) {
    auto* made = to->add_subcommand(name, what);
    made->callback([this, run = std::move(run)] { chosen_ = run; });
    return made;
  }

  CLI::App* group(const char* name, const char* what) {
    auto* made = app.add_subcommand(name, what);
    made->require_subcommand(1);
    return made;
  }

  void takes_config(CLI::App* to) {
    to->add_option("-c,--config", line_.files, "A configuration file")
      ->type_name("FILE")
      ->allow_extra_args(false);
    to->add_option("-C,--config-dir", line_.folders, "A folder of them")
      ->type_name("DIR")
      ->allow_extra_args(false);
  }

  void takes_node(CLI::App* to) {
    takes_config(to);
    to->add_option("--data-dir", line_.data_dir, "The node's data folder")
      ->type_name("DIR");
    to->add_flag("--json", line_.as_json, "Print JSON, one object a line");
  }

  void add_run() {
    auto* run = add(&app, "run", "Start a node", run_command);
    takes_config(run);
    run->add_option("--data-dir", line_.data_dir, "Instead of node.data_dir");
    run->add_flag(
      "--until-done", line_.until_done,
      "Stop once every source has ended and every message is handled");
    run->add_flag("-q,--quiet", line_.is_quiet, "Log warnings only");
    run->add_flag("-v,--verbose", line_.is_verbose, "Log more");
  }

  void add_config() {
    auto* validate =
      add(&app, "validate", "Check a configuration", validate_command);
    takes_config(validate);
    validate->add_flag(
      "--offline", line_.is_offline, "Do not look for files it names");
    validate->add_flag(
      "--deny-warnings", line_.deny_warnings, "Fail on warnings too");
    add_format(validate, {"text", "json"});
    auto* graph =
      add(&app, "graph", "Draw what a configuration connects", graph_command);
    takes_config(graph);
    add_format(graph, {"mermaid", "dot"});
    auto* show = group("show", "Show a configuration or a node");
    auto* config = add(
      show, "config", "Show the configuration with every default",
      show_config_command);
    takes_config(config);
    config->add_flag("--effective", line_.is_effective, "As it takes effect");
    takes_node(
      add(show, "status", "Show sources and handlers", show_status_command));
    add(&app, "explain", "Explain a fault such as E0112", explain_command)
      ->add_option("id", line_.topic, "The fault's id")
      ->required();
  }

  void add_operations() {
    auto* queue = group("queue", "Look at queues");
    takes_node(add(queue, "ls", "List queues", queue_ls_command));
    auto* dlq = group("dlq", "Look at dead letters, or try them again");
    takes_node(add(dlq, "ls", "List queues of dead letters", dlq_ls_command));
    add_dlq(dlq, "show", "Show dead letters", dlq_show_command);
    auto* replay = add_dlq(
      dlq, "replay", "Publish dead letters to the queue they died in",
      dlq_replay_command);
    replay->add_flag("--yes", line_.says_yes, "Do not ask");
    auto* state = group("state", "Look at handlers' state");
    auto* list = add(state, "ls", "List a handler's values", state_ls_command);
    takes_node(list);
    list->add_option("handler", line_.topic, "The handler")->required();
    auto* storage = group("storage", "Look after the store");
    takes_node(add(
      storage, "verify", "Check every checksum; the node must be stopped",
      storage_verify_command));
  }

  void add_cluster() {
    auto* cluster = group("cluster", "Look at a cluster, or change it");
    takes_node(add(
      cluster, "status", "Show members and groups", cluster_status_command));
    add_member(
      cluster, "join",
      "Let a member, by default the one asked, take groups again",
      cluster_join_command);
    add_member(
      cluster, "drain", "Move a member's groups to others",
      cluster_drain_command)
      ->required();
    add_member(
      cluster, "remove", "Forget a member that is drained or gone",
      cluster_remove_command)
      ->required();
    cluster->get_subcommand("remove")->add_flag(
      "--yes", line_.says_yes, "Do not ask");
    takes_node(add(
      cluster, "rebalance", "Move groups to where the ring wants them",
      cluster_rebalance_command));
    auto* replicas = add(
      cluster, "replicas", "Keep another number of copies of each group",
      cluster_replicas_command);
    takes_node(replicas);
    replicas->add_option("count", line_.replicas, "How many, 1 to 5")
      ->required();
    replicas->add_flag("--yes", line_.says_yes, "Do not ask");
    add_ring(cluster);
  }

  CLI::Option* add_member(
    CLI::App* to, const char* name, const char* what, const command& run) {
    auto* made = add(to, name, what, run);
    takes_node(made);
    return made->add_option("member", line_.topic, "Its name");
  }

  void add_ring(CLI::App* cluster) {
    auto* ring = cluster->add_subcommand("ring", "Look at who keeps what");
    ring->require_subcommand(1);
    takes_node(add(
      ring, "show", "Show leader and copies of each group",
      cluster_ring_show_command));
    auto* plan = add(
      ring, "plan", "Show what would move, before it does",
      cluster_ring_plan_command);
    takes_node(plan);
    plan->add_option("--without", line_.without, "As if this member drained")
      ->type_name("NODE");
    plan
      ->add_option(
        "--replicas", line_.replicas, "As if so many copies were wanted")
      ->type_name("COUNT");
  }

  void add_recover() {
    auto* recover = group(
      "recover", "Make a cluster anew whose coordinator is lost for good");
    auto* survey = add(
      recover, "survey", "Say what a stopped node's store has, as JSON",
      recover_survey_command);
    takes_config(survey);
    survey->add_option("--data-dir", line_.data_dir, "The node's data folder")
      ->type_name("DIR");
    auto* plan = add(
      recover, "plan", "Show what surveyed stores make, and what may be lost",
      recover_plan_command);
    takes_surveys(plan);
    plan->add_flag("--json", line_.as_json, "Print JSON");
    auto* write = add(
      recover, "write", "Print how a new cluster is made from them",
      recover_write_command);
    takes_config(write);
    takes_surveys(write);
    write->add_flag("--yes", line_.says_yes, "Do not ask");
    write->add_flag(
      "--accept-loss", line_.accepts_loss,
      "Even if groups that no store has begin empty");
    auto* apply = add(
      recover, "apply", "Make a stopped node's store one of the new cluster",
      recover_apply_command);
    takes_config(apply);
    apply->add_option("--data-dir", line_.data_dir, "Instead of node.data_dir")
      ->type_name("DIR");
    apply->add_flag("--yes", line_.says_yes, "Do not ask");
    apply->add_option("recovery", line_.recovery, "What `write` printed")
      ->required();
  }

  void takes_surveys(CLI::App* to) {
    to->add_option(
        "survey", line_.surveys, "What `survey` printed, a file each")
      ->required();
  }

  CLI::App* add_dlq(
    CLI::App* to, const char* name, const char* what, const command& run) {
    auto* made = add(to, name, what, run);
    takes_node(made);
    made->add_option("queue", line_.topic, "The queue")->required();
    made->add_option("--limit", line_.limit, "At most so many");
    return made;
  }

  void add_rest() {
    add(
      &app, "hash-password",
      "Read a password from standard input and print its hash for [users]",
      hash_password_command);
    auto* version = add(&app, "version", "Tell the version", version_command);
    version->add_flag("--json", line_.as_json, "Print JSON");
    auto* completion = add(
      &app, "completion", "Print a completion script",
      [this](const command_line& line) {
        std::cout << completion_script(app, line.topic);
        return 0;
      });
    completion->add_option("shell", line_.topic, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  void add_format(CLI::App* to, std::vector<std::string> choices) {
    line_.format = "";
    to->add_option("--format", line_.format, "How to print it")
      ->check(CLI::IsMember(std::move(choices)));
  }

  command_line& line_;
  command& chosen_;
};

} // namespace

int main(int argc, char** argv) {
  // A reader that goes away is an error of that write, not the program's end.
  std::signal(SIGPIPE, SIG_IGN);
  auto line = command_line{};
  auto chosen = command{};
  line.handlers = &static_registry();
  auto all = grammar{line, chosen};
  try {
    all.app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return all.app.exit(e) == 0 ? 0 : exit_usage;
  }
  try {
    return chosen(line);
  } catch (const std::exception& e) {
    std::cerr << "troupe: " << e.what()
              << "\nThis is a fault of Troupe itself; please report it.\n";
    return exit_software;
  }
}

} // namespace troupe
