#include "actors/node/stages.hpp"
#include "engine/base/stable_hash.hpp"
#include "engine/ring/slot_map.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace troupe {

namespace {

// What the store remembers of a queue beside its record, kept as values.
constexpr auto key_value = "order_key";
constexpr auto dead_value = "dead_letters";

std::string owner_of(const std::string& queue) { return "queue:" + queue; }

/// The order key is hashed with what the queue was declared with; a message
/// without one shares its lane with all others without.
key_function hash_by(const std::string& text) {
  auto key = key_expression::parse(text).value(); // checked before
  return [key](const message& m) {
    auto scratch = std::string{};
    return stable_hash(key.value(m, scratch).value_or(""));
  };
}

} // namespace

queue_options options_of(const queue_config& from) {
  auto made = queue_options{};
  made.name = from.name;
  made.is_durable = from.type == queue_type::durable;
  made.max_length = from.max_length;
  made.confirm_early = from.confirm == confirm_policy::memory;
  if (!from.order) return made;
  made.partitions = from.order->partitions;
  made.order_key = from.order->key;
  made.key = hash_by(from.order->key);
  return made;
}

namespace {

result<> remember(log_store& store, const queue_config& queue) {
  auto group = group_of(queue.name, 0);
  auto owner = owner_of(queue.name);
  auto key = queue.order ? queue.order->key : std::string{};
  auto request = commit_request{};
  request.changes.push_back({group, {owner, "", key_value, key}});
  request.changes.push_back(
    {group, {owner, "", dead_value, queue.is_dead_letters ? "1" : "0"}});
  auto done = store.commit(request);
  if (!done) return done.error();
  return {};
}

// Who asks a stopped node a question has its store for a moment. A node that
// starts just then, or another question, waits for that.
constexpr auto patience = std::chrono::milliseconds{1000};
constexpr auto look_interval = std::chrono::milliseconds{10};

template <class Opened>
bool is_in_use(const Opened& opened) {
  return !opened && opened.error().code == errc::in_use;
}

} // namespace

std::filesystem::path store_folder(const std::filesystem::path& data_dir) {
  return data_dir / "store";
}

result<std::shared_ptr<log_store>>
open_store(const std::filesystem::path& data_dir) {
  auto options = store_options{};
  options.folder = store_folder(data_dir);
  auto opened = log_store::open(options);
  for (auto wait = patience; is_in_use(opened) && wait.count() > 0;
       wait -= look_interval) {
    std::this_thread::sleep_for(look_interval);
    opened = log_store::open(options);
  }
  if (!opened) return opened.error();
  return std::shared_ptr<log_store>{std::move(*opened)};
}

result<std::vector<known_queue>> known_queues(const log_store& store) {
  auto records = store.queues();
  if (!records) return records.error();
  auto all = std::vector<known_queue>{};
  for (const auto& record : *records) {
    auto owner = owner_of(record.name);
    auto group = group_of(record.name, 0);
    auto key = store.state(group, owner, "", key_value);
    if (!key) return key.error();
    auto dead = store.state(group, owner, "", dead_value);
    if (!dead) return dead.error();
    auto made = queue_config{};
    made.name = record.name;
    if (!key->value_or("").empty())
      made.order = order_config{**key, record.partitions};
    auto options = options_of(made);
    options.id = record.id;
    if (auto end = record.name.find('\n'); end != std::string::npos) {
      options.vhost = record.name.substr(0, end);
      options.name = record.name.substr(end + 1);
    }
    all.push_back({std::move(options), dead->value_or("0") == "1"});
  }
  return all;
}

std::uint64_t memory_share(std::uint64_t budget, std::size_t queues) {
  constexpr auto least = std::uint64_t{1024} * 1024;
  return std::max(budget / std::max(queues, std::size_t{1}), least);
}

result<std::vector<known_queue>>
queues_of(const log_store& store, const kept_topology& kept) {
  auto known = known_queues(store);
  if (known)
    std::erase_if(*known, [&](const known_queue& x) {
      return kept.has(x.options.full_name());
    });
  return known;
}

result<std::vector<queue_options>> queues_of(
  log_store& store, const checked_config& what, const kept_topology& kept) {
  auto all = std::vector<queue_options>{};
  // Queues in memory are numbered where neither stored ones nor those that
  // clients declare ever are.
  auto last_id = std::uint64_t{1} << 62;
  for (const auto& [name, queue] : what.plan.queues) {
    auto options = options_of(queue);
    options.id = queue_id{++last_id};
    if (options.is_durable) {
      auto record = store.define_queue(name, options.partitions);
      if (!record) return record.error();
      options.id = record->id;
      if (auto done = remember(store, queue); !done) return done.error();
    }
    all.push_back(std::move(options));
  }
  auto known = queues_of(store, kept);
  if (!known) return known.error();
  for (auto& x : *known)
    if (!what.plan.queues.contains(x.options.full_name()))
      all.push_back(std::move(x.options));
  for (auto& x : all)
    x.resident_limit = memory_share(what.config.node.memory_budget, all.size());
  return all;
}

// -- routes

namespace {

/// Follows hash routers through to their queues; only rules are left.
void add_targets(
  std::vector<route_target>& to, const plan& from, const std::string& output) {
  for (const auto& x : from.targets(output)) {
    if (x.what == target::kind::queue) {
      to.push_back({route_target::kind::queue, x.name});
      continue;
    }
    const auto& router = from.routers.at(x.name);
    if (std::holds_alternative<hash_router>(router.rule))
      add_targets(to, from, x.name);
    else
      to.push_back({route_target::kind::rule, x.name});
  }
}

match_rule to_rule(const std::string& name, const match_router& from) {
  auto rule = match_rule{};
  for (const auto& x : from.routes)
    rule.routes.push_back(
      {name + "." + x.output, condition::parse(x.condition).value()});
  if (from.unmatched == "reject")
    rule.unmatched = name + ".dead";
  else if (from.unmatched != "drop")
    rule.unmatched = name + "." + from.unmatched;
  return rule;
}

} // namespace

std::shared_ptr<route_table> make_route_table(
  const checked_config& what, const std::vector<queue_options>& queues) {
  auto table = std::make_shared<route_table>();
  for (const auto& x : queues) {
    auto& route = table->queues[x.name];
    route.partitions = x.partitions;
    if (!x.order_key.empty())
      route.key = key_expression::parse(x.order_key).value();
  }
  for (const auto& [name, router] : what.plan.routers)
    if (auto* match = std::get_if<match_router>(&router.rule))
      table->rules.emplace(name, to_rule(name, *match));
  for (const auto& [output, targets] : what.plan.outputs)
    add_targets(table->outputs[output], what.plan, output);
  return table;
}

} // namespace troupe
