#include "actors/node/node.hpp"

#include "actors/directory_actor.hpp"
#include "actors/node/node_parts.hpp"

#include <caf/scoped_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using clock = std::chrono::steady_clock;

} // namespace

node::node(std::unique_ptr<parts> all) : parts_{std::move(all)} {}

std::shared_ptr<control> node::answers() const { return parts_->answers; }

// -- looking

bool node::conclude(const std::string& failure) {
  return !parts_->member || parts_->member->conclude(failure);
}

/// Asks a queue how it is. One that is being restarted is not done.
queue_figures node::parts::figures_of(const std::string& queue) {
  auto self = caf::scoped_actor{system};
  auto found = queue_actor{};
  self->request(places.directory, caf::infinite, directory::find{queue})
    .receive(
      [&](const directory::queue_up& x) {
        found = caf::actor_cast<queue_actor>(x.where);
      },
      [](const caf::error&) {});
  auto figures = queue_figures{};
  figures.in_flight = 1;
  if (!found) return figures;
  self->request(found, std::chrono::seconds{10}, queue::describe{})
    .receive(
      [&](const queue::description& x) { figures = x.figures; },
      [](const caf::error&) {});
  return figures;
}

work_progress node::look() {
  auto& all = *parts_;
  if (all.member) return all.member->look();
  auto now = work_progress{};
  auto running = all.work->read();
  now.sources_ended = true;
  for (const auto& [name, x] : running.sources) {
    now.sources_ended &= has_ended(x);
    if (x.failure.code != errc::none) now.failure = x.failure.detail;
  }
  for (const auto& [name, x] : running.stages)
    if (x.is_paused) now.failure = "stage " + name + " is paused";
  for (const auto& x : all.queues) {
    const auto& name = x.options.name;
    auto figures = all.figures_of(name);
    auto ended = figures.acked + figures.dead_lettered;
    now.in_flight += figures.in_flight;
    now.handled += ended;
    now.counts.push_back(ended);
    if (all.consumed.contains(name)) now.to_handle += figures.length;
  }
  return now;
}

// -- stopping

bool node::parts::close_queues(clock::time_point deadline) {
  auto self = caf::scoped_actor{system};
  auto in_time = true;
  auto ready = directory::listing{};
  self->request(places.directory, caf::infinite, directory::list{})
    .receive(
      [&](directory::listing& x) { ready = std::move(x); },
      [](const caf::error&) {});
  for (const auto& x : ready.queues) { // others recover at the next start
    auto left = std::max(deadline - clock::now(), clock::duration{0});
    self
      ->request(
        caf::actor_cast<queue_actor>(x.where),
        std::chrono::duration_cast<caf::timespan>(left), queue::close{})
      .receive(
        [](queue::closed) {}, [&](const caf::error&) { in_time = false; });
  }
  return in_time;
}

bool node::stop(duration grace) {
  auto& all = *parts_;
  if (std::exchange(all.is_stopped, true)) return true;
  auto deadline = clock::now() + grace;
  for (const auto& x : all.servers) x->stop(deadline);
  all.servers.clear();
  if (all.member) return all.member->stop(deadline);
  auto in_time = stop_and_wait(all.system, all.source_tree->get(), deadline);
  in_time &= stop_and_wait(all.system, all.stage_tree->get(), deadline);
  in_time &= all.close_queues(
    std::max(deadline, clock::now() + std::chrono::seconds{1}));
  in_time &=
    stop_and_wait(all.system, all.root, clock::now() + std::chrono::seconds{5});
  return in_time;
}

void node::parts::end_and_wait(topology_actor& who) {
  if (!who) return;
  auto self = caf::scoped_actor{system};
  self->monitor(who);
  self->send_exit(who, caf::exit_reason::user_shutdown);
  self->receive([](const caf::down_msg&) {});
  who = nullptr;
}

node::~node() { stop(std::chrono::seconds{10}); }

/// Ends whatever runs, also after a start that went wrong half way: the actor
/// system waits for all of them.
node::parts::~parts() {
  answers.reset();
  servers.clear();
  source_tree->set(nullptr);
  stage_tree->set(nullptr);
  if (root) caf::anon_send_exit(root, caf::exit_reason::kill);
  root = nullptr;
  if (member) end_and_wait(topology); // it uses the member
  member.reset();
  for (const auto& who :
       {caf::actor_cast<caf::actor>(topology),
        caf::actor_cast<caf::actor>(access),
        caf::actor_cast<caf::actor>(places.router),
        caf::actor_cast<caf::actor>(places.directory),
        caf::actor_cast<caf::actor>(places.reader),
        caf::actor_cast<caf::actor>(places.store)})
    if (who) caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
  topology = nullptr;
  access = nullptr;
  places = {};
}

} // namespace troupe
