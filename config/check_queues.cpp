#include "config/checking.hpp"
#include "config/plan.hpp"

#include <map>

namespace troupe {

namespace {

void check_declared(
  const checking& at, const std::string& queue, const std::string& path) {
  if (queue.empty() || at.config.queues.contains(queue)) return;
  auto paths = std::vector<std::string>{};
  if (at.gives_hints()) add_paths(paths, "queues", at.config.queues);
  auto& fault =
    at.add_fault("E0113", "queue " + ticked(queue) + " is not declared", path);
  fault.label = "no such queue in [queues]";
  fault.help = at.did_you_mean(queue, paths);
  if (fault.help.empty()) {
    auto is_plain = queue.find('.') == queue.npos;
    fault.help = "add [queues." + (is_plain ? queue : '"' + queue + '"') + "]";
  }
}

void check_order(
  const checking& at, const router_config& router, const hash_router& rule) {
  auto queue = at.config.queues.find(rule.queue);
  if (queue == at.config.queues.end() || !queue->second.order) return;
  const auto& key = queue->second.order->key;
  if (key.empty() || rule.key.empty() || key == rule.key) return;
  auto& fault = at.add_fault(
    "E0118",
    "router " + ticked(router.name) + " hashes by " + ticked(rule.key)
      + ", its queue " + ticked(rule.queue) + " keeps order by " + ticked(key),
    "routers/" + router.name + "/key");
  fault.label = "not the queue's key";
  auto line = at.places.find("queues/" + rule.queue + "/order/key").line;
  fault.help = "write " + ticked(key) + ", or change the key in line "
               + std::to_string(line);
}

/// Finds routers that ask one queue for the order of different keys.
class key_comparison {
public:
  explicit key_comparison(const checking& at) : at_{at} {}

  void add(const router_config& router, const hash_router& rule) {
    auto queue = at_.config.queues.find(rule.queue);
    if (queue == at_.config.queues.end() || queue->second.order) return;
    auto [first, is_first] = first_.try_emplace(rule.queue, &router);
    if (is_first || key_of(*first->second) == rule.key) return;
    auto& fault = at_.add_fault(
      "E0117", "queue " + ticked(rule.queue) + " gets messages by two keys",
      "routers/" + router.name + "/key");
    fault.label = "another key";
    fault.note = "router " + ticked(first->second->name) + " uses "
                 + ticked(key_of(*first->second));
    fault.help = "use the same key, or a queue of its own";
  }

private:
  static const std::string& key_of(const router_config& router) {
    return std::get<hash_router>(router.rule).key;
  }

  const checking& at_;
  std::map<std::string, const router_config*> first_; // by queue
};

void check_hash_routers(const checking& at) {
  auto keys = key_comparison{at};
  for (const auto& [name, router] : at.config.routers) {
    const auto* rule = std::get_if<hash_router>(&router.rule);
    if (rule == nullptr) continue;
    check_declared(at, rule->queue, "routers/" + name + "/queue");
    check_order(at, router, *rule);
    keys.add(router, *rule);
  }
}

std::string inputs_of(const consumer_plan& consumer) {
  auto section = std::string{consumer.is_sink ? "sinks/" : "handlers/"};
  return section + consumer.component + "/inputs";
}

/// Order, state and what a file sink has written all go by one queue.
void check_one_queue(const checking& at, const consumer_plan& consumer) {
  if (consumer.queues.size() < 2) return;
  auto& fault = at.add_fault(
    "E0128", ticked(consumer.component) + " reads several queues",
    inputs_of(consumer));
  for (const auto& queue : consumer.queues)
    fault.label += (fault.label.empty() ? "" : ", ") + queue;
  fault.note =
    "inputs that are no queue come through `" + consumer.component + ".in`";
  fault.help = "let what feeds them go to one queue, or use a handler for each";
}

void check_readers(const checking& at) {
  auto readers = std::map<std::string, const consumer_plan*>{};
  const auto plan = make_plan(at.config);
  for (const auto& consumer : plan.consumers) {
    check_one_queue(at, consumer);
    for (const auto& queue : consumer.queues) {
      auto [first, is_first] = readers.try_emplace(queue, &consumer);
      if (is_first) continue;
      auto& fault = at.add_fault(
        "E0125", "queue " + ticked(queue) + " has two readers",
        inputs_of(consumer));
      fault.label = ticked(consumer.component) + " reads it too";
      fault.note = "the other is " + ticked(first->second->component)
                   + "; each message would go to one of them";
      fault.help = "raise `threads` of one reader, or let both read what "
                   "feeds the queue";
    }
  }
}

} // namespace

void check_queues(const checking& at) {
  check_hash_routers(at);
  for (const auto& [name, sink] : at.config.sinks)
    if (sink.type == sink_config::kind::queue)
      check_declared(at, sink.queue, "sinks/" + name + "/queue");
  check_readers(at);
}

} // namespace troupe
