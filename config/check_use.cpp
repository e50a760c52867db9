#include "config/checking.hpp"
#include "config/plan.hpp"

#include <algorithm>

namespace troupe {

namespace {

void check_sources(const checking& at, const plan& plan) {
  for (const auto& [name, source] : at.config.sources) {
    if (!plan.targets(name).empty()) continue;
    if (!plan.outputs.contains(name)) continue; // a server for clients alone
    auto& fault = at.add_fault(
      "W0401", "nobody reads source " + ticked(name), "sources/" + name);
    fault.label = "its messages go nowhere";
    fault.help = "add " + ticked(name) + " to the inputs of a component";
  }
}

void check_routes(const checking& at, const plan& plan) {
  for (const auto& [name, router] : at.config.routers) {
    const auto* rule = std::get_if<match_router>(&router.rule);
    if (rule == nullptr) continue;
    for (const auto& own : route_names(*rule)) {
      auto output = name + "." + own;
      if (!plan.targets(output).empty()) continue;
      auto& fault = at.add_fault(
        "W0402", "nobody reads " + ticked(output),
        "routers/" + name + "/route/" + own);
      fault.label = "what goes here is dropped";
      fault.help = "add " + ticked(output) + " to the inputs of a component";
    }
  }
}

bool is_used(const plan& plan, const std::string& queue) {
  auto reads = [&](const consumer_plan& consumer) {
    const auto& list = consumer.queues;
    return std::ranges::find(list, queue) != list.end();
  };
  auto feeds = [&](const auto& output) {
    const auto to = target{target::kind::queue, queue};
    return std::ranges::find(output.second, to) != output.second.end();
  };
  return std::ranges::any_of(plan.consumers, reads)
         || std::ranges::any_of(plan.outputs, feeds);
}

void check_unused(const checking& at, const plan& plan) {
  if (!plan.amqp_servers.empty()) return; // clients use what they like
  for (const auto& [name, queue] : at.config.queues) {
    if (is_used(plan, name)) continue;
    auto& fault = at.add_fault(
      "W0403", "queue " + ticked(name) + " is not used", "queues/" + name);
    fault.label = "nothing publishes to it or reads it";
  }
}

} // namespace

void check_use(const checking& at) {
  const auto plan = make_plan(at.config);
  check_sources(at, plan);
  check_routes(at, plan);
  check_unused(at, plan);
  auto is_idle = at.config.handlers.empty() && at.config.sinks.empty()
                 && plan.amqp_servers.empty() && !at.config.cluster;
  if (is_idle)
    at.add_fault(
        "W0404", "the configuration has neither a handler nor a sink", "")
      .help = "add [handlers.NAME], [sinks.NAME] or a source of type "
              "amqp_server";
}

} // namespace troupe
