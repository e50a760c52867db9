#include "config/plan.hpp"

#include "config/resolve.hpp"

#include <algorithm>

namespace troupe {

namespace {

template <class T>
void add_once(std::vector<T>& list, T value) {
  if (std::ranges::find(list, value) == list.end())
    list.push_back(std::move(value));
}

target to_queue(std::string name) {
  return {target::kind::queue, std::move(name)};
}

class planner {
public:
  explicit planner(const pipeline_config& config) : config_{config} {}

  plan make() {
    plan_.queues = config_.queues;
    plan_.routers = config_.routers;
    plan_.vhosts = {"/"};
    for (const auto& [name, vhost] : config_.vhosts) plan_.vhosts.insert(name);
    for (const auto& [name, source] : config_.sources) add_source(source);
    for (const auto& [name, router] : config_.routers) add_outputs(router);
    for (const auto& [name, router] : config_.routers) read_router(router);
    for (const auto& [name, handler] : config_.handlers)
      read_consumer(name, handler.inputs, false);
    for (const auto& [name, sink] : config_.sinks) read_sink(sink);
    for (const auto& [name, queue] : config_.queues) feed_namesake(name);
    add_dead_letters();
    return std::move(plan_);
  }

private:
  void connect(const std::string& output, target to) {
    add_once(plan_.outputs[output], std::move(to));
  }

  void add_source(const source_config& source) {
    auto is_server = source.type == source_config::kind::amqp_server;
    if (is_server) plan_.amqp_servers[source.name] = source.amqp;
    if (!is_server || !source.amqp.exchange.empty()) plan_.outputs[source.name];
  }

  void add_outputs(const router_config& router) {
    if (const auto* rule = std::get_if<match_router>(&router.rule)) {
      for (const auto& own : route_names(*rule))
        plan_.outputs[router.name + "." + own];
      return;
    }
    const auto& rule = std::get<hash_router>(router.rule);
    auto queue = plan_.queues.find(rule.queue);
    if (queue == plan_.queues.end()) return;
    connect(router.name, to_queue(rule.queue));
    if (!queue->second.order) queue->second.order = order_config{rule.key};
  }

  // Routers and queue sinks pass on at once what the outputs they read bring.
  void read_router(const router_config& router) {
    for (const auto& input : router.inputs)
      feed(input, {target::kind::router, router.name});
  }

  void feed(const std::string& input, target to) {
    auto from = resolve_feed(config_, input);
    if (from.what == resolved::kind::output) connect(from.name, std::move(to));
  }

  void read_sink(const sink_config& sink) {
    if (sink.type != sink_config::kind::queue)
      return read_consumer(sink.name, sink.inputs, true);
    if (!config_.queues.contains(sink.queue)) return;
    for (const auto& input : sink.inputs) feed(input, to_queue(sink.queue));
  }

  void read_consumer(
    const std::string& name,
    const std::vector<std::string>& inputs,
    bool is_sink) {
    auto consumer = consumer_plan{name, is_sink, {}};
    for (const auto& input : inputs)
      if (auto from = resolve_input(config_, input); from.is_good())
        if (auto queue = queue_for(name, from); !queue.empty())
          add_once(consumer.queues, std::move(queue));
    plan_.consumers.push_back(std::move(consumer));
  }

  // Everything that is not a queue reaches a consumer through one of its own.
  std::string queue_for(const std::string& consumer, const resolved& from) {
    if (from.what == resolved::kind::queue)
      return plan_.queues.contains(from.name) ? from.name : std::string{};
    auto queue = consumer + ".in";
    declare(queue, implicit_max_length);
    connect(from.name, to_queue(queue));
    return queue;
  }

  void declare(const std::string& queue, std::uint64_t max_length) {
    auto [added, is_new] = plan_.queues.try_emplace(queue);
    if (!is_new) return;
    added->second.name = queue;
    added->second.max_length = max_length;
  }

  // A declared queue with the name of an output takes what comes out of it.
  void feed_namesake(const std::string& queue) {
    auto from = resolve_feed(config_, queue);
    if (from.what == resolved::kind::output && from.name == queue)
      connect(queue, to_queue(queue));
  }

  void add_dead_letters() {
    for (const auto& [name, handler] : config_.handlers)
      add_dead_letters_of(name + ".dead");
    for (const auto& [name, router] : config_.routers)
      if (plan_.outputs.contains(name + ".dead"))
        add_dead_letters_of(name + ".dead");
  }

  // Dead letters that nobody reads wait in a queue of the output's name.
  void add_dead_letters_of(const std::string& output) {
    if (plan_.targets(output).empty()) {
      declare(output, 0);
      connect(output, to_queue(output));
    }
    for (const auto& to : plan_.targets(output))
      if (
        to.what == target::kind::queue
        && (to.name == output || config_.queues.contains(to.name)))
        plan_.queues.at(to.name).is_dead_letters = true;
  }

  const pipeline_config& config_;
  plan plan_;
};

} // namespace

const std::vector<target>& plan::targets(const std::string& output) const {
  static const auto none = std::vector<target>{};
  auto found = outputs.find(output);
  return found == outputs.end() ? none : found->second;
}

plan make_plan(const pipeline_config& config) { return planner{config}.make(); }

} // namespace troupe
