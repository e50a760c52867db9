#include "config/reference.hpp"

#include "config/fault_ids.hpp"
#include "config/options.hpp"
#include "config/toml_text.hpp"
#include "config/units.hpp"

namespace troupe {

namespace {

constexpr std::string_view introduction = R"(# Configuration

<!-- Made from config/options.cpp and config/fault_ids.cpp; a test compares. -->

A pipeline is one or more TOML files. Tables may stand in any order, and files
given together make one configuration; each component stands in one of them.

- A key nobody knows is an error, with the nearest known key as a hint.
- Durations and sizes are texts with a unit: `"30s"`, `"64MiB"`. Units are
  `ms s m h d` and `B kB MB GB TB KiB MiB GiB TiB`.
- Texts may hold `${VAR}`, `${VAR:-default}` and `${VAR:?message}`. They are
  replaced after parsing, so a variable never adds a key. `$${` is `${` itself.
- Names are 1 to 200 small letters, digits, `_`, `-` and `.`. Those of users
  and vhosts are 1 to 255 bytes of any text, in quotes where TOML wants them.
- `troupe show config --effective` prints a configuration with every default.

At the top of a file may stand `config_version = 1`.

## What inputs can name

| name | what is read |
|---|---|
| a source | all its messages |
| a queue | the queue itself |
| a `consistent_hash` router | its queue |
| `router.route`, `router.dead` | one output of a `match` router; `dead` has what met no condition |
| `handler` | its main output |
| `handler.name` | what it emits to the output `name` |
| `handler.dead` | messages that failed for good |

Outputs and sources go to everybody who reads them; a queue has one reader.
Handlers, file and stdout sinks read what is not a queue through a durable
queue of their own, `NAME.in`. Dead letters that nobody reads wait in a queue
called `handler.dead` or `router.dead`. A declared queue with the name of an
output, such as `[queues."charge.dead"]`, takes what comes out of it. To give
`NAME.in` or `NAME.dead` other settings, declare a queue of that name.
)";

constexpr std::string_view about_users = R"(
## Users and vhosts

They are for clients of AMQP. Without any user in the configuration there is
`guest` with the password `guest`, an administrator with all rights in the vhost
`/`, who can only log in from the same machine. The vhost `/` is always there;
[vhosts] adds others.
)";

constexpr std::string_view about_clusters = R"(
## Clusters

With [cluster] a node is a member of one; without, it is by itself. The file is
the same on all members but for `node.name`, `listen`, `advertise` and the files of
`tls`. [running_a_cluster.md](running_a_cluster.md) goes through it.
)";

std::string in_code(const std::string& text) { return "`" + text + "`"; }

/// Writes each option it visits as a row of a Markdown table.
class row_writer final : public option_visitor {
public:
  explicit row_writer(std::string& out) : out_{out} {}

  void text(const option& option, std::string& value) override {
    row(option, "text", value.empty() ? "" : toml_string(value));
  }

  void path(const option& option, std::filesystem::path& value) override {
    row(option, "path", value.empty() ? "" : toml_string(value.string()));
  }

  void time(const option& option, duration& value, duration least) override {
    auto range = least > duration{} ? ", at least " + duration_text(least) : "";
    row(option, "duration" + range, toml_string(duration_text(value)));
  }

  void size(
    const option& option, std::uint64_t& bytes, std::uint64_t least) override {
    row(
      option, "size, at least " + size_text(least),
      toml_string(size_text(bytes)));
  }

  void count(
    const option& option, std::uint64_t& value, count_range range) override {
    auto most = range.most == count_range{}.most
                  ? " up"
                  : " to " + std::to_string(range.most);
    row(
      option, "whole number from " + std::to_string(range.least) + most,
      std::to_string(value));
  }

  void
  number(const option& option, double& value, number_range range) override {
    row(
      option,
      "number from " + toml_number(range.least) + " to "
        + toml_number(range.most),
      toml_number(value));
  }

  void choice(
    const option& option,
    std::size_t& index,
    std::span<const std::string_view> words) override {
    auto kind = std::string{};
    for (const auto& word : words)
      kind += (kind.empty() ? "" : ", ") + in_code(std::string{word});
    row(option, kind, toml_string(words[index]));
  }

  void names(const option& option, std::vector<std::string>&) override {
    row(option, "list of names", "");
  }

  void
  scalars(const option& option, std::map<std::string, std::string>&) override {
    row(option, "table of texts, numbers, booleans", "");
  }

  void pairs(
    const option& option,
    std::vector<std::pair<std::string, std::string>>&) override {
    row(option, "table of texts", "");
  }

  bool enter(const option& option, bool is_there) override {
    row(option, "table", is_there ? "" : "not there");
    starts_.push_back(prefix_.size());
    prefix_ += std::string{option.key} + ".";
    return true;
  }

  void leave() override {
    prefix_.resize(starts_.back());
    starts_.pop_back();
  }

  std::optional<std::vector<std::string>>
  enter_keys(const option& option, std::vector<std::string>) override {
    enter(option, true);
    return std::vector<std::string>{"NAME"};
  }

private:
  void
  row(const option& option, const std::string& kind, const std::string& value) {
    auto standard =
      value.empty() || value == "not there" ? value : in_code(value);
    out_ += "| " + in_code(prefix_ + std::string{option.key}) + " | " + kind
            + " | " + (option.is_required ? "required" : standard) + " | "
            + std::string{option.doc} + " |\n";
  }

  std::string& out_;
  std::string prefix_;
  std::vector<std::size_t> starts_;
};

template <class Component>
void add_table(
  std::string& out, const std::string& title, Component component) {
  out += "\n## " + title + "\n\n| key | value | default | meaning |\n";
  out += "|---|---|---|---|\n";
  auto writer = row_writer{out};
  visit_options(writer, component);
}

void add_faults(std::string& out) {
  out += "\n## Faults\n\n`troupe explain E0112` tells the same.\n\n";
  out += "| id | what is wrong | meaning |\n|---|---|---|\n";
  for (const auto& [id, title, text] : fault_kinds()) {
    out += "| " + in_code(std::string{id}) + " | ";
    out += std::string{title} + " | " + std::string{text} + " |\n";
  }
}

} // namespace

std::string configuration_reference() {
  auto out = std::string{introduction};
  add_table(out, "[node]", node_config{});
  out += about_clusters;
  add_table(out, "[cluster]", cluster_config{});
  add_table(
    out, "[cluster.etcd] where coordinator is etcd", remote_etcd_config{});
  add_table(out, "[queues.NAME]", queue_config{});
  auto source = source_config{};
  add_table(out, "[sources.NAME] of type file", source);
  source.type = source_config::kind::standard_input;
  add_table(out, "[sources.NAME] of type stdin", source);
  source.type = source_config::kind::amqp_server;
  add_table(out, "[sources.NAME] of type amqp_server", source);
  auto router = router_config{};
  add_table(out, "[routers.NAME] of type consistent_hash", router);
  router.rule = match_router{};
  add_table(out, "[routers.NAME] of type match", router);
  add_table(out, "[handlers.NAME]", handler_config{});
  auto sink = sink_config{};
  add_table(out, "[sinks.NAME] of type queue", sink);
  sink.type = sink_config::kind::file;
  add_table(out, "[sinks.NAME] of type file", sink);
  sink.type = sink_config::kind::standard_output;
  add_table(out, "[sinks.NAME] of type stdout", sink);
  out += about_users;
  add_table(out, "[users.NAME]", user_config{});
  add_table(out, "[vhosts.NAME]", vhost_config{});
  add_faults(out);
  return out;
}

} // namespace troupe
