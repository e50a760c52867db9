#include "actors/node/stages.hpp"

#include "actors/consumer_actor.hpp"
#include "actors/fatal.hpp"
#include "actors/node/subtree.hpp"
#include "actors/source_actor.hpp"
#include "engine/handlers/file_sink.hpp"
#include "engine/ring/slot_map.hpp"
#include "engine/source/record_input.hpp"

#include <limits>

namespace troupe {

namespace {

constexpr auto unlimited = std::numeric_limits<std::uint32_t>::max();

/// A stage and how many consumers work in it.
struct stage_plan {
  troupe::stage stage;
  consumer_options consumer; // `of` is still to be set
  std::uint32_t threads = 1;
  restart_policy policy;
};

handler_factory factory_of(const sink_config& sink) {
  auto format = sink.format == sink_config::line_format::json
                  ? line_format::json
                  : line_format::body;
  if (sink.type == sink_config::kind::file)
    return [path = sink.path, format](const settings&) -> any_handler {
      return std::make_unique<file_sink>(path, format);
    };
  return [format](const settings&) -> any_handler {
    return std::make_unique<output_sink>(format);
  };
}

stage_plan to_stage(const handler_config& from, const registry& handlers) {
  auto made = stage_plan{};
  made.stage.name = from.name;
  made.stage.factory = *handlers.find(from.class_name); // checked before
  made.stage.settings = from.settings;
  made.stage.is_alone = from.threads == 1;
  made.consumer.prefetch = from.prefetch;
  made.consumer.timeout = from.timeout;
  made.consumer.retry = {from.retry.attempts, from.retry.backoff};
  made.consumer.dead_output = from.name + ".dead";
  made.threads = from.threads;
  made.policy = from.supervise;
  return made;
}

/// A sink waits until what it writes to is there again; no message is to blame.
stage_plan to_stage(const sink_config& from) {
  auto made = stage_plan{};
  made.stage.name = from.name;
  made.stage.factory = factory_of(from);
  made.stage.blames_messages = false;
  made.consumer.retry.attempts = unlimited;
  made.consumer.dead_output = from.name + ".dead";
  made.policy.max_restarts = unlimited;
  made.policy.backoff.max = std::chrono::seconds{30};
  return made;
}

key_reader reader_of(const order_config& order) {
  auto key = key_expression::parse(order.key).value(); // checked before
  return [key](const message& m, std::string& scratch) {
    return key.value(m, scratch).value_or("");
  };
}

state_reader state_reader_of(
  const std::shared_ptr<log_store>& store,
  const std::string& handler,
  const std::string& queue) {
  return [=](std::uint16_t partition, auto scope, auto name) {
    auto found = store->state(group_of(queue, partition), handler, scope, name);
    if (!found) end_process(exit_io, found.error().detail);
    return std::move(*found);
  };
}

std::set<std::string>
outputs_of(const plan& from, const std::string& component) {
  auto all = std::set<std::string>{};
  for (const auto& [output, targets] : from.outputs)
    if (output == component || output.starts_with(component + "."))
      if (!targets.empty()) all.insert(output);
  return all;
}

/// Points the consumers of a stage to its queue.
consumer_options consumer_of(
  const stage_plan& from,
  const queue_config& queue,
  const std::shared_ptr<log_store>& store) {
  auto stage = from.stage;
  if (queue.order) stage.key = reader_of(*queue.order);
  stage.read_state = state_reader_of(store, stage.name, queue.name);
  auto made = from.consumer;
  made.queue = queue.name;
  made.of = std::make_shared<troupe::stage>(std::move(stage));
  return made;
}

child_spec
consumer_child(const directory_actor& directory, const consumer_options& of) {
  return {
    "consumer",
    [directory, of](caf::actor_system& system) {
      return caf::actor_cast<caf::actor>(
        system.spawn(run_consumer, directory, of));
    },
    [](const caf::actor& child) { caf::anon_send(child, consumer::stop{}); }};
}

} // namespace

namespace {

/// The supervisor over the consumers of one stage.
supervisor_options stage_tree(
  const checked_config& what,
  const registry& handlers,
  const consumer_plan& x,
  const stage_places& places,
  const std::optional<stage_shard>& shard) {
  auto made = x.is_sink
                ? to_stage(what.config.sinks.at(x.component))
                : to_stage(what.config.handlers.at(x.component), handlers);
  made.stage.outputs = outputs_of(what.plan, x.component);
  if (shard) made.stage.gate = shard->gate;
  auto tree = supervisor_options{};
  tree.name = "node/pipeline/" + x.component;
  tree.policy = made.policy;
  tree.figures = std::make_shared<supervisor_figures>();
  tree.stop_node = places.stop_node;
  // Each reads one queue; the check of the configuration sees to that.
  const auto& queue = what.plan.queues.at(x.queues.at(0));
  auto consumer = consumer_of(made, queue, places.store);
  if (shard) consumer.queue = shard->name;
  for (std::uint32_t i = 0; i < made.threads; ++i)
    tree.children.push_back(consumer_child(places.directory, consumer));
  return tree;
}

} // namespace

stage_set stages_of(
  const checked_config& what,
  const registry& handlers,
  const stage_places& places) {
  auto all = stage_set{};
  all.tree.name = "node/pipeline";
  all.tree.policy.max_restarts = 3;
  all.tree.policy.then = on_giving_up::escalate;
  all.tree.figures = std::make_shared<supervisor_figures>();
  for (const auto& x : what.plan.consumers) {
    auto tree = stage_tree(what, handlers, x, places, {});
    all.consumed.insert(what.plan.queues.at(x.queues.at(0)).name);
    all.figures[x.component] = tree.figures;
    all.tree.children.push_back(as_child(std::move(tree)));
  }
  return all;
}

std::vector<supervisor_options> stages_of_shard(
  const checked_config& what,
  const registry& handlers,
  const stage_places& places,
  const std::string& queue,
  const stage_shard& shard) {
  auto all = std::vector<supervisor_options>{};
  for (const auto& x : what.plan.consumers)
    if (what.plan.queues.at(x.queues.at(0)).name == queue)
      all.push_back(stage_tree(what, handlers, x, places, shard));
  return all;
}

// -- sources

namespace {

child_spec
source_child(const queue_places& places, const source_options& options) {
  return {
    options.name,
    [places, options](caf::actor_system& system) {
      return caf::actor_cast<caf::actor>(system.spawn<caf::detached>(
        run_source, places.store, places.router, options));
    },
    [](const caf::actor& child) { caf::anon_send(child, source::stop{}); }};
}

/// The routing key of a record, by the source's key expression.
input_key key_of(const source_config& source) {
  if (source.key.empty()) return {};
  auto key = key_expression::parse(source.key).value(); // checked before
  return [key](const message& m, std::string& scratch) {
    return key.value(m, scratch).value_or("");
  };
}

record_kind to_kind(record_format format) {
  switch (format) {
    case record_format::lines: return record_kind::lines;
    case record_format::ndjson: return record_kind::ndjson;
    case record_format::json: return record_kind::json;
    case record_format::csv: return record_kind::csv;
  }
  return record_kind::lines;
}

input_options to_input_options(const source_config& source) {
  auto options = input_options{};
  if (source.type == source_config::kind::file) options.path = source.path;
  options.kind = to_kind(source.format);
  options.key = key_of(source);
  options.max_record = source.max_record;
  return options;
}

} // namespace

result<source_set> sources_of(
  const checked_config& what,
  const std::shared_ptr<log_store>& store,
  const queue_places& places,
  std::optional<group_id> only) {
  auto all = source_set{};
  all.tree.name = "node/sources";
  all.tree.policy.max_restarts = 5;
  all.tree.policy.then = on_giving_up::pause;
  all.tree.figures = std::make_shared<supervisor_figures>();
  for (const auto& [name, source] : what.config.sources) {
    if (source.type == source_config::kind::amqp_server) continue;
    auto options = source_options{};
    options.name = name;
    options.group = group_of(name, 0);
    if (only && options.group != *only) continue;
    options.report = std::make_shared<source_report>();
    auto group = options.group;
    options.open = [=, config = source]() {
      auto saved = store->state(group, "source:" + name, "", "progress");
      if (!saved) return result<std::unique_ptr<record_input>>{saved.error()};
      return open_input(to_input_options(config), *saved);
    };
    if (auto tried = options.open(); !tried) return tried.error();
    all.reports[name] = options.report;
    all.tree.children.push_back(source_child(places, options));
  }
  return all;
}

} // namespace troupe
