#include "engine/routing/topology.hpp"

#include "engine/routing/equivalence.hpp"

#include <array>

namespace troupe {

namespace {

struct own_exchange {
  const char* name;
  const char* type;
  bool internal = false;
};

/// What every vhost has from the start, in AMQP 0-9-1 (3.1.3) and RabbitMQ.
constexpr auto own_exchanges = std::array<own_exchange, 7>{{
  {"", "direct"},
  {"amq.direct", "direct"},
  {"amq.fanout", "fanout"},
  {"amq.topic", "topic"},
  {"amq.headers", "headers"},
  {"amq.match", "headers"},
  {"amq.rabbitmq.trace", "topic", true},
}};

} // namespace

topology::topology() { publish(); }

void topology::publish() {
  now_ = std::make_shared<const routing_snapshot>(next_);
}

// -- vhosts

topology_change topology::add_vhost(const std::string& name) {
  auto change = topology_change{};
  if (!make_vhost(name)) return change;
  change.is_new = true;
  note(name, vhost_exists{}, true, change);
  publish();
  return change;
}

bool topology::make_vhost(const std::string& name) {
  if (next_.has_vhost(name)) return false;
  next_.vhosts_.set(name, {});
  bindings_[name];
  for (const auto& own : own_exchanges) {
    auto declared =
      exchange_declaration{own.name, own.type, true, false, own.internal, {}};
    auto settings = *read_exchange(declared, name);
    put(std::make_shared<const exchange>(name, declared, settings));
  }
  return true;
}

topology_change topology::drop_vhost(const std::string& name) {
  auto change = topology_change{};
  if (!next_.has_vhost(name)) return change;
  auto there = *next_.vhosts_.find(name);
  there.queues.for_each(
    [&](auto&, const routed_queue_ptr& queue) { drop(queue, change); });
  idle_.clear(); // all exchanges go anyway
  there.exchanges.for_each([&](auto&, const exchange_ptr& one) {
    if (exchange_at(name, one->name())) drop(one, change);
  });
  idle_.clear();
  next_.vhosts_.erase(name);
  bindings_.erase(name);
  std::erase_if(
    waiting_, [&](const auto& w) { return std::get<0>(w.first) == name; });
  note_gone(name, vhost_exists{}, true, change);
  publish();
  return change;
}

permitted<> topology::check_vhost(const std::string& name) const {
  if (next_.has_vhost(name)) return {};
  return refusal{refusal::reason::not_allowed, "vhost " + name + " not found"};
}

// -- looking

exchange_ptr
topology::exchange_at(const std::string& vhost, const std::string& name) const {
  auto* in = next_.vhosts_.find(vhost);
  auto* found = in ? in->exchanges.find(name) : nullptr;
  return found ? *found : nullptr;
}

routed_queue_ptr
topology::queue_at(const std::string& vhost, const std::string& name) const {
  auto* in = next_.vhosts_.find(vhost);
  auto* found = in ? in->queues.find(name) : nullptr;
  return found ? *found : nullptr;
}

// -- changing

void topology::note(
  const std::string& vhost,
  const stored_thing& made,
  bool is_durable,
  topology_change& to) const {
  to.shared.push_back(is_durable ? keeping(vhost, made) : sharing(vhost, made));
  if (is_durable) to.records.push_back(to.shared.back());
}

void topology::note_gone(
  const std::string& vhost,
  const stored_thing& gone,
  bool is_durable,
  topology_change& to) const {
  to.shared.push_back(erasing(vhost, gone));
  if (is_durable) to.records.push_back(to.shared.back());
}

void topology::put(const exchange_ptr& made) {
  auto in = *next_.vhosts_.find(made->vhost());
  in.exchanges.set(made->name(), made);
  next_.vhosts_.set(made->vhost(), std::move(in));
}

void topology::put(const routed_queue_ptr& made) {
  auto in = *next_.vhosts_.find(made->vhost);
  in.queues.set(made->name, made);
  next_.vhosts_.set(made->vhost, std::move(in));
}

} // namespace troupe
