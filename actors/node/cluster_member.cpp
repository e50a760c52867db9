#include "actors/node/cluster_member.hpp"

#include "actors/fatal.hpp"
#include "actors/node/cluster_operators.hpp"
#include "actors/node/cluster_parts.hpp"
#include "actors/node/random_id.hpp"
#include "engine/base/stable_hash.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

namespace troupe {

cluster_member::cluster_member(std::unique_ptr<parts> all)
  : parts_{std::move(all)} {}

// -- what the node's own actors get

store_actor cluster_member::store() const { return parts_->replicas; }

reader_actor cluster_member::reader() const { return parts_->reader; }

std::shared_ptr<const std::atomic<bool>> cluster_member::is_stuck() const {
  return parts_->is_stuck;
}

std::uint64_t cluster_member::first_connection() const {
  return std::uint64_t{static_cast<std::uint16_t>(parts_->own.id)} << 48;
}

namespace {

/// Sends what the topology has for other members.
caf::behavior
run_outbox(caf::event_based_actor*, std::shared_ptr<member_links> links) {
  return {[links](const topology_messages::outgoing& msg) {
    auto to = member_id{msg.to};
    if (to != nobody) return links->send(to, message_kind::topology, msg.bytes);
    for (auto member : links->reachable())
      links->send(member, message_kind::topology, msg.bytes);
  }};
}

} // namespace

gateway_places
cluster_member::parts::gates(const directory_actor& queues) const {
  return {own.id, links, locator, queues};
}

queue_actor cluster_member::parts::open_gateway(
  const queue_options& of, const directory_actor& queues) {
  // One run of the member's gateway of this queue: it ends the one before.
  auto publisher = "gateway:" + name + '@' + random_id();
  return system.spawn(run_gateway, gates(queues), of, std::move(publisher));
}

void cluster_member::parts::tell_hosting(const queue_start& of) {
  caf::anon_send(
    hosting, hosting::queue_known{
               of.options, of.lifetime.expires, of.lifetime.auto_delete});
}

topology_cluster
cluster_member::topology_places(const directory_actor& queues) {
  auto& all = *parts_;
  all.outbox = all.system.spawn(run_outbox, all.links);
  auto made = topology_cluster{};
  made.open_queue = [&all, queues](queue_start of) {
    // What another member would not have after a failover is lent to nobody;
    // and levels of priority are taken from together.
    of.options.lends_unstored = false;
    of.options.is_in_one_group = of.options.by_priority;
    all.tell_hosting(of);
    return all.open_gateway(of.options, queues);
  };
  made.queue_gone = [&all](const queue_start& of) {
    caf::anon_send(all.hosting, hosting::queue_gone{of.options.full_name()});
  };
  made.stored_topology = [store = all.store] {
    auto records = std::vector<topology_record>{};
    auto done =
      store->scan_state(topology_owner, [&](auto vhost, auto key, auto value) {
        records.push_back(
          {std::string{vhost}, std::string{key}, std::string{value}});
      });
    if (!done) end_process(exit_io, done.error().detail);
    return records;
  };
  made.peers = all.outbox;
  return made;
}

cluster_places cluster_member::control_places() {
  auto& all = *parts_;
  auto made = make_cluster_places(
    {&all.system, all.coordinates->truth(), all.board, all.replicas, all.config,
     all.prefix, all.name, [store = all.store](group_id group) {
       return store->group_bytes(group);
     }});
  made.state = [state = all.state](const std::string& handler) {
    return state->read(handler);
  };
  return made;
}

work_progress cluster_member::look() { return parts_->work->look(); }

bool cluster_member::conclude(const std::string& failure) {
  return parts_->work->conclude(failure);
}

// -- stopping

bool cluster_member::stop(std::chrono::steady_clock::time_point deadline) {
  auto& all = *parts_;
  if (std::exchange(all.is_stopped, true)) return true;
  using clock = std::chrono::steady_clock;
  auto self = caf::scoped_actor{all.system};
  auto in_time = true;
  auto left = [&] {
    auto rest = std::max(deadline - clock::now(), clock::duration{0});
    return std::chrono::duration_cast<caf::timespan>(
      rest + std::chrono::seconds{1});
  };
  auto late = [&](const caf::error&) { in_time = false; };
  if (!all.hosting) return true;
  self->request(all.hosting, left(), hosting::stop{})
    .receive([](hosting::stopped) {}, late);
  auto ready = directory::listing{};
  self->request(all.shards, caf::infinite, directory::list{})
    .receive([&](directory::listing& x) { ready = std::move(x); }, late);
  for (const auto& x : ready.queues)
    self->request(caf::actor_cast<queue_actor>(x.where), left(), queue::close{})
      .receive([](queue::closed) {}, late);
  if (all.work->is_over()) all.work->leave_together(deadline);
  self
    ->request(
      all.replicas, caf::timespan{std::chrono::seconds{10}}, replicas::stop{})
    .receive([](replicas::stopped) {}, late);
  return in_time;
}

cluster_member::~cluster_member() = default;

cluster_member::parts::~parts() {
  if (questions) questions->stop();
  if (links) links->stop();
  // They use what is here: it goes when they have ended.
  auto self = caf::scoped_actor{system};
  auto end = [&](auto& who) {
    if (!who) return;
    self->monitor(who);
    self->send_exit(who, caf::exit_reason::user_shutdown);
    self->receive([](const caf::down_msg&) {});
    who = nullptr;
  };
  end(membership);
  end(hosting);
  for (auto& x : gateways) end(x);
  end(locator);
  end(shards);
  end(outbox);
  end(replicas);
  end(reader);
  end(lookup);
  end(writer);
  work.reset(); // it asks the coordinator
  coordinates.reset();
}

queue_id configured_id(const std::string& full_name) {
  constexpr auto bits = (std::uint64_t{1} << 61) - 1;
  return queue_id{(stable_hash("configured:" + full_name) & bits) | 1};
}

} // namespace troupe
