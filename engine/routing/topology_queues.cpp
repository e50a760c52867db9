#include "engine/routing/equivalence.hpp"
#include "engine/routing/topology.hpp"

#include <algorithm>

namespace troupe {

namespace {

using reason = refusal::reason;

refusal locked(const routed_queue& queue) {
  return {
    reason::resource_locked,
    "cannot obtain exclusive access to locked "
      + place_text("queue", queue.name, queue.vhost)
      + ". It could be originally declared on another connection or the "
        "exclusive property value does not match that of the original "
        "declaration."};
}

bool is_locked(const routed_queue& queue, std::uint64_t connection) {
  return queue.owner != 0 && queue.owner != connection;
}

} // namespace

stored_queue topology::stored(const routed_queue& queue) {
  return {
    *queue.declared,
    {queue.id, queue.partitions, queue.by_priority, queue.order_key, nullptr},
    queue.owner};
}

permitted<routed_queue_ptr> topology::check_queue(
  const std::string& vhost,
  const queue_declaration& declared,
  std::uint64_t connection) const {
  if (auto ok = check_vhost(vhost); !ok) return ok.error();
  if (auto there = queue_at(vhost, declared.name)) {
    if (there->owner != (declared.exclusive ? connection : 0))
      return locked(*there);
    if (auto ok = check_same(*there, declared); !ok) return ok.error();
    return there;
  }
  if (declared.name.starts_with("amq.") && !declared.is_server_named)
    return refusal{
      reason::access_refused,
      "queue name '" + declared.name + "' contains reserved prefix 'amq.*'"};
  return routed_queue_ptr{};
}

permitted<topology_change> topology::declare_queue(
  const std::string& vhost,
  const queue_declaration& declared,
  const new_queue& made,
  std::uint64_t connection) {
  auto there = check_queue(vhost, declared, connection);
  if (!there) return there.error();
  auto change = topology_change{};
  change.queue = *there;
  if (change.queue) return change;
  add_queue(vhost, declared, made, declared.exclusive ? connection : 0);
  if (declared.durable)
    restore_waiting({vhost, binding::kind::queue, declared.name});
  change.is_new = true;
  change.queue = queue_at(vhost, declared.name);
  note(vhost, stored(*change.queue), change.queue->is_durable, change);
  publish();
  return change;
}

permitted<routed_queue_ptr> topology::find_queue(
  const std::string& vhost,
  const std::string& name,
  std::uint64_t connection) const {
  if (auto ok = check_vhost(vhost); !ok) return ok.error();
  auto found = queue_at(vhost, name);
  if (!found)
    return refusal{reason::not_found, "no " + place_text("queue", name, vhost)};
  if (is_locked(*found, connection)) return locked(*found);
  return found;
}

permitted<topology_change> topology::delete_queue(
  const std::string& vhost, const std::string& name, std::uint64_t connection) {
  if (auto ok = check_vhost(vhost); !ok) return ok.error();
  auto change = topology_change{};
  auto found = queue_at(vhost, name);
  if (!found) return change;
  if (is_locked(*found, connection)) return locked(*found);
  drop(found, change);
  drop_idle(change);
  publish();
  return change;
}

topology_change topology::drop_exclusive(std::uint64_t connection) {
  auto change = topology_change{};
  auto owned = exclusive_.find(connection);
  if (owned == exclusive_.end()) return change;
  auto queues = owned->second; // `drop` takes them out one by one
  for (auto id : queues) {
    const auto& [vhost, name] = by_id_.at(id);
    drop(queue_at(vhost, name), change);
  }
  drop_idle(change);
  publish();
  return change;
}

std::vector<std::uint64_t> topology::owners() const {
  auto all = std::vector<std::uint64_t>{};
  for (const auto& [connection, queues] : exclusive_) all.push_back(connection);
  return all;
}

bool topology::set_place(queue_id queue, std::shared_ptr<const void> place) {
  auto known = by_id_.find(queue);
  if (known == by_id_.end()) return false;
  auto old = queue_at(known->second.first, known->second.second);
  auto made = std::make_shared<routed_queue>(*old);
  made->place = std::move(place);
  put(routed_queue_ptr{made});
  retarget(made);
  publish();
  return true;
}

/// Turns the queue's bindings to its replacement.
void topology::retarget(const routed_queue_ptr& queue) {
  const auto& index = bindings_[queue->vhost];
  for (const auto& b : index.to(binding::kind::queue, queue->name))
    put(exchange_at(queue->vhost, b->source)->with(*b, {queue, nullptr}));
}

void topology::add_queue(
  const std::string& vhost,
  const queue_declaration& declared,
  const new_queue& made,
  std::uint64_t owner) {
  auto queue = std::make_shared<routed_queue>();
  queue->id = made.id;
  queue->vhost = vhost;
  queue->name = declared.name;
  queue->partitions = made.partitions;
  queue->by_priority = made.by_priority;
  queue->order_key = made.order_key;
  queue->is_durable = declared.durable && !declared.exclusive;
  queue->owner = owner;
  queue->declared = std::make_shared<const queue_declaration>(declared);
  queue->place = made.place;
  by_id_[made.id] = {vhost, declared.name};
  if (owner != 0) exclusive_[owner].push_back(made.id);
  put(routed_queue_ptr{queue});
}

void topology::drop(const routed_queue_ptr& gone, topology_change& to) {
  const auto& vhost = gone->vhost;
  for (const auto& b : bindings_[vhost].to(binding::kind::queue, gone->name))
    drop(vhost, b, to);
  auto in = *next_.vhosts_.find(vhost);
  in.queues.erase(gone->name);
  next_.vhosts_.set(vhost, std::move(in));
  by_id_.erase(gone->id);
  if (auto owned = exclusive_.find(gone->owner); owned != exclusive_.end()) {
    std::erase(owned->second, gone->id);
    if (owned->second.empty()) exclusive_.erase(owned);
  }
  note_gone(vhost, stored(*gone), gone->is_durable, to);
  to.queues_gone.push_back(gone);
}

void topology::restore(const std::string& vhost, const stored_queue& stored) {
  if (queue_at(vhost, stored.declared.name)) return;
  if (by_id_.contains(stored.made.id)) return; // no two have one
  add_queue(vhost, stored.declared, stored.made, stored.owner);
  restore_waiting({vhost, binding::kind::queue, stored.declared.name});
}

} // namespace troupe
