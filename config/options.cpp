#include "config/options.hpp"

#include "config/options_amqp.hpp"

#include <algorithm>

namespace troupe {

namespace {

using std::chrono::milliseconds;
using words = std::string_view;

constexpr auto log_levels =
  std::array<words, 6>{"trace", "debug", "info", "warn", "error", "off"};
constexpr auto queue_types = std::array<words, 2>{"memory", "durable"};
constexpr auto confirm_policies = std::array<words, 2>{"fsync", "memory"};
constexpr auto source_types =
  std::array<words, 3>{"file", "stdin", "amqp_server"};
constexpr auto record_formats =
  std::array<words, 4>{"lines", "ndjson", "json", "csv"};
constexpr auto router_types = std::array<words, 2>{"consistent_hash", "match"};
constexpr auto strategies =
  std::array<words, 3>{"one_for_one", "one_for_all", "rest_for_one"};
constexpr auto ways_to_give_up =
  std::array<words, 3>{"pause", "escalate", "stop"};
constexpr auto sink_types = std::array<words, 3>{"queue", "file", "stdout"};
constexpr auto line_formats = std::array<words, 2>{"body", "json"};

constexpr auto inputs = option{
  "inputs",
  "What it reads: sources, queues, routers with a queue, and outputs such as "
  "`router.route`, `handler`, `handler.output` and `handler.dead`.",
  true};

void visit_log_level(option_visitor& v, std::string& level) {
  auto found = std::ranges::find(log_levels, level);
  auto index = static_cast<std::size_t>(found - log_levels.begin());
  if (found == log_levels.end()) index = 2;
  v.choice(
    {"log_level", "The least serious log lines to write."}, index, log_levels);
  level = log_levels.at(index);
}

void visit_order(option_visitor& v, std::optional<order_config>& order) {
  if (!v.enter(
        {"order", "Handles messages of one key one after another, in the "
                  "order they were published."},
        order.has_value()))
    return;
  auto value = order.value_or(order_config{});
  v.text(
    {"key", "What holds the key, such as `header:customer_id`.", true},
    value.key);
  visit_count(
    v, {"partitions", "How many lots the keys are divided into."},
    value.partitions, {1, 64});
  v.leave();
  order = value;
}

void visit_backoff(option_visitor& v, backoff& backoff) {
  if (!v.enter({"backoff", "How long to wait before trying again."}, true))
    return;
  v.time(
    {"initial", "The wait after the first failure."}, backoff.initial,
    duration{0});
  v.number(
    {"factor", "Each wait is this many times the one before."}, backoff.factor,
    {1, 1000});
  v.time({"max", "No wait is longer."}, backoff.max, duration{0});
  v.number(
    {"jitter", "The largest share of a wait that chance takes off."},
    backoff.jitter, {0, 1});
  v.leave();
}

void visit_retry(option_visitor& v, retry_config& retry) {
  if (!v.enter({"retry", "What becomes of messages that failed."}, true))
    return;
  visit_count(
    v,
    {"attempts", "How often a message is handled at most; then it goes to the "
                 "handler's `.dead` output."},
    retry.attempts, {1, 1'000'000});
  visit_backoff(v, retry.backoff);
  v.leave();
}

void visit_supervision(option_visitor& v, restart_policy& policy) {
  if (!v.enter({"supervise", "What becomes of threads that crashed."}, true))
    return;
  visit_choice(
    v, {"strategy", "Which threads start anew when one crashes."},
    policy.strategy, strategies);
  visit_count(
    v,
    {"max_restarts", "More restarts than this `within` the time "
                     "are too many."},
    policy.max_restarts, {0, 1'000'000});
  v.time(
    {"within", "The time that `max_restarts` counts in."}, policy.within,
    duration{1});
  visit_choice(
    v,
    {"then", "What to do about too many restarts: `pause` the "
             "handler, `escalate` to all handlers, or `stop` "
             "the node."},
    policy.then, ways_to_give_up);
  visit_backoff(v, policy.backoff);
  v.leave();
}

void visit_rule(option_visitor& v, hash_router& rule) {
  v.text(
    {"key", "What holds the key, such as `header:customer_id`.", true},
    rule.key);
  v.text(
    {"queue", "The queue to publish to, one of [queues].", true}, rule.queue);
}

void visit_rule(option_visitor& v, match_router& rule) {
  auto routes = std::vector<std::pair<std::string, std::string>>{};
  for (auto& [output, condition] : rule.routes)
    routes.emplace_back(output, condition);
  v.pairs(
    {"route",
     "Outputs and the condition of each, such as "
     "`route.big = 'header.size == \"big\"'`.",
     true},
    routes);
  rule.routes.clear();
  for (auto& [output, condition] : routes)
    rule.routes.push_back({output, condition});
  v.text(
    {"unmatched", "Where messages go that meet no condition: `reject` "
                  "(to the `.dead` output), `drop`, or an output."},
    rule.unmatched);
}

} // namespace

void visit_options(option_visitor& v, node_config& node) {
  v.text(
    {"name", "The name of this node in logs; in a cluster its member's "
             "name, unlike all others."},
    node.name);
  v.path(
    {"data_dir", "The folder of durable queues; made if missing."},
    node.data_dir);
  v.time(
    {"shutdown_grace", "How long to wait for running work at the end; "
                       "what is not acked by then is requeued."},
    node.shutdown_grace, duration{0});
  v.size(
    {"memory_budget", "How many bytes of message bodies to keep in "
                      "memory; the rest stays on disk."},
    node.memory_budget, 1024 * 1024);
  visit_log_level(v, node.log_level);
}

void visit_options(option_visitor& v, queue_config& queue) {
  visit_choice(
    v,
    {"type", "Where messages are kept: `memory` loses them at "
             "the end of the program."},
    queue.type, queue_types);
  visit_choice(
    v,
    {"confirm", "When a message counts as published: once on "
                "disk, or once in memory."},
    queue.confirm, confirm_policies);
  v.count(
    {"max_length", "How many messages it holds before publishers wait; "
                   "0 is unlimited."},
    queue.max_length, {});
  visit_order(v, queue.order);
}

void visit_options(option_visitor& v, source_config& source) {
  visit_choice(
    v, {"type", "Where messages come from.", true}, source.type, source_types);
  if (source.type == source_config::kind::amqp_server)
    return visit_amqp(v, source.amqp);
  if (source.type == source_config::kind::file)
    v.path({"path", "The file to read.", true}, source.path);
  visit_choice(
    v,
    {"format", "What is one message: a line, a line of JSON, an "
               "element of a JSON array, a row of a CSV."},
    source.format, record_formats);
  v.text(
    {"key", "What holds the routing key, such as `json:id`; left out, "
            "the routing key is empty."},
    source.key);
  v.size({"max_record", "No message may be larger."}, source.max_record, 1);
}

void visit_options(option_visitor& v, router_config& router) {
  v.names(inputs, router.inputs);
  auto index = router.rule.index();
  v.choice(
    {"type",
     "`consistent_hash` keeps each key in one partition of a "
     "queue; `match` sends each message to every output whose "
     "condition holds.",
     true},
    index, router_types);
  if (index == 0 && router.rule.index() != 0) router.rule = hash_router{};
  if (index == 1 && router.rule.index() != 1) router.rule = match_router{};
  std::visit([&](auto& rule) { visit_rule(v, rule); }, router.rule);
}

void visit_options(option_visitor& v, handler_config& handler) {
  v.names(inputs, handler.inputs);
  v.text(
    {"class", "The registered name of its class; left out, the handler's "
              "own name."},
    handler.class_name);
  visit_count(
    v, {"threads", "How many messages it handles at a time."}, handler.threads,
    {1, 256});
  visit_count(
    v,
    {"prefetch", "How many messages are on loan to one thread at "
                 "a time."},
    handler.prefetch, {1, 65'535});
  v.time(
    {"timeout", "How long one message may take before it counts as "
                "failed; `0s` is never."},
    handler.timeout, duration{0});
  visit_retry(v, handler.retry);
  visit_supervision(v, handler.supervise);
  v.scalars(
    {"settings", "What the class itself wants to know."}, handler.settings);
}

void visit_options(option_visitor& v, sink_config& sink) {
  v.names(inputs, sink.inputs);
  visit_choice(v, {"type", "Where messages go.", true}, sink.type, sink_types);
  if (sink.type == sink_config::kind::queue) {
    v.text(
      {"queue", "The queue to publish to, one of [queues].", true}, sink.queue);
    return;
  }
  if (sink.type == sink_config::kind::file)
    v.path(
      {"path", "The file to append to; made if missing.", true}, sink.path);
  visit_choice(
    v,
    {"format", "What one line holds: the body alone, or a JSON "
               "object of routing_key, headers and body."},
    sink.format, line_formats);
}

std::string_view advice_on_unknown(std::string_view key) {
  using advice = std::pair<std::string_view, std::string_view>;
  static constexpr auto later =
    std::string_view{"this version does not have it yet: leave it out"};
  static constexpr std::array later_keys = {
    "api", "secrets",  "tests",   "overflow",    "dedup",       "priority",
    "ttl", "ack",      "library", "isolation",   "rate_limit",  "balance",
    "on",  "park_key", "url",     "routing_key", "http_server", "amqp"};
  static constexpr std::array other = {
    advice{"concurrency", "write `threads`"},
    advice{
      "dead", "a name with a dot needs quotes: `[queues.\"orders.dead\"]`"},
    advice{"delay", "write it in `backoff.initial`"},
    advice{"replicas", "it goes into [cluster] and holds for all queues"},
    advice{
      "replicated", "write `durable`: that is replicated once there is a "
                    "[cluster]"}};
  if (std::ranges::find(later_keys, key) != later_keys.end()) return later;
  for (const auto& [name, text] : other)
    if (name == key) return text;
  return {};
}

} // namespace troupe
