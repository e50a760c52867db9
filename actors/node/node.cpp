#include "actors/node/node.hpp"

#include "actors/consumer_actor.hpp"
#include "actors/directory_actor.hpp"
#include "actors/node/stages.hpp"
#include "actors/node/subtree.hpp"
#include "actors/queue_actor.hpp"
#include "actors/router_actor.hpp"
#include "actors/source_actor.hpp"
#include "actors/store_actor.hpp"
#include "engine/ring/slot_map.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <thread>

namespace troupe {

namespace {

using clock = std::chrono::steady_clock;

struct scheduler_config : caf::actor_system_config {
  scheduler_config() {
    // One queue for all workers and a wake-up for each job: latency first.
    // Busy actors give way after 300 messages, or they would starve others.
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-throughput", std::size_t{300});
    set(
      "scheduler.max-threads",
      std::size_t{std::max(2u, std::thread::hardware_concurrency())});
  }
};

/// The node's own supervisor: its branches seldom fail, and when they do so
/// again and again a new process is the better start.
restart_policy node_policy() {
  auto policy = restart_policy{};
  policy.max_restarts = 3;
  policy.then = on_giving_up::stop;
  return policy;
}

/// A queue actor that fails recovers from the store.
restart_policy queue_policy() {
  auto policy = restart_policy{};
  policy.max_restarts = 5;
  policy.then = on_giving_up::escalate;
  return policy;
}

child_spec queue_child(const queue_places& places, const queue_options& of) {
  return {
    of.name,
    [places, of](caf::actor_system& system) {
      return caf::actor_cast<caf::actor>(system.spawn(run_queue, places, of));
    },
    [](const caf::actor& child) {
      caf::anon_send_exit(child, caf::exit_reason::user_shutdown);
    }};
}

} // namespace

struct node::parts {
  scheduler_config config;
  caf::actor_system system{config};
  std::shared_ptr<log_store> store;
  queue_places places;
  std::shared_ptr<router_figures> routed = std::make_shared<router_figures>();
  std::vector<queue_options> queues;
  std::set<std::string> consumed; // queues with a consumer in the pipeline
  std::map<std::string, std::shared_ptr<source_report>> sources;
  std::map<std::string, std::shared_ptr<supervisor_figures>> stages;
  caf::actor root;
  std::shared_ptr<subtree> source_tree = std::make_shared<subtree>();
  std::shared_ptr<subtree> stage_tree = std::make_shared<subtree>();
  std::shared_ptr<control> answers;
  bool is_stopped = false;

  void spawn_services(std::shared_ptr<const route_table> table);
  void start_tree(std::vector<child_spec> branches, const stop_asked& asked);
  void wait_for_queues();
  child_spec queue_branch() const;
  bool close_queues(clock::time_point deadline);
  ~parts();
};

// -- starting

void node::parts::spawn_services(std::shared_ptr<const route_table> table) {
  auto is_full = std::make_shared<std::atomic<bool>>(false);
  places.is_full = is_full;
  places.store = system.spawn<caf::detached>(run_store, store, is_full);
  places.reader = system.spawn<caf::detached>(run_reader, store);
  places.directory = system.spawn(run_directory);
  places.router =
    system.spawn(run_router, places.directory, std::move(table), routed);
}

child_spec node::parts::queue_branch() const {
  auto options = supervisor_options{};
  options.name = "node/queues";
  options.policy = queue_policy();
  options.figures = std::make_shared<supervisor_figures>();
  for (const auto& of : queues)
    options.children.push_back(queue_child(places, of));
  return as_child(std::move(options));
}

void node::parts::start_tree(
  std::vector<child_spec> branches, const stop_asked& asked) {
  auto options = supervisor_options{};
  options.name = "node";
  options.policy = node_policy();
  options.figures = std::make_shared<supervisor_figures>();
  options.children = std::move(branches);
  options.stop_node = asked;
  root = caf::actor_cast<caf::actor>(system.spawn(run_supervisor, options));
}

/// Returns when all queues have told the directory that they are ready.
/// Recovery ends the process where it fails, so that this always ends.
void node::parts::wait_for_queues() {
  auto self = caf::scoped_actor{system};
  self->send(places.directory, directory::watch{});
  for (auto missing = queues.size(); missing > 0; --missing)
    self->receive([](const directory::queue_up&) {});
}

node::node(std::unique_ptr<parts> all) : parts_{std::move(all)} {}

result<std::unique_ptr<node>> node::start(
  const checked_config& what, const registry& handlers, stop_asked asked) {
  auto all = std::make_unique<parts>();
  auto opened = open_store(what.config.node.data_dir);
  if (!opened) return opened.error();
  all->store = std::move(*opened);
  auto queues = queues_of(*all->store, what);
  if (!queues) return queues.error();
  all->queues = std::move(*queues);
  all->spawn_services(make_route_table(what, all->queues));

  auto made =
    stages_of(what, handlers, all->store, all->places.directory, asked);
  all->consumed = made.consumed;
  all->stages = made.figures;
  auto inputs = sources_of(what, all->store, all->places);
  if (!inputs) return inputs.error();
  all->sources = inputs->reports;

  auto branches = std::vector<child_spec>{};
  branches.push_back(all->queue_branch());
  branches.push_back(as_child(made.tree, all->stage_tree));
  branches.push_back(as_child(inputs->tree, all->source_tree));
  all->start_tree(std::move(branches), asked);
  all->wait_for_queues();

  auto places = control_places{};
  places.system = &all->system;
  places.store = all->store;
  places.directory = all->places.directory;
  places.node_name = what.config.node.name;
  places.queues = all->queues;
  for (const auto& [name, queue] : what.plan.queues)
    if (queue.is_dead_letters) places.dead_letter_queues.insert(name);
  places.stages = all->stages;
  places.sources = all->sources;
  places.routed = all->routed;
  places.stop = [asked] { asked("an operator asked for it"); };
  all->answers = std::make_shared<control>(std::move(places));
  return std::unique_ptr<node>{new node{std::move(all)}};
}

result<std::unique_ptr<node>>
node::start_quiet(const std::filesystem::path& data_dir) {
  auto all = std::make_unique<parts>();
  auto opened = open_store(data_dir);
  if (!opened) return opened.error();
  all->store = std::move(*opened);
  auto known = stored_queues(*all->store);
  if (!known) return known.error();
  auto places = control_places{};
  for (auto& x : *known) {
    if (x.is_dead_letters) places.dead_letter_queues.insert(x.options.name);
    all->queues.push_back(std::move(x.options));
  }
  all->spawn_services(make_route_table({}, all->queues));
  all->start_tree({all->queue_branch()}, [](const std::string&) {});
  all->wait_for_queues();
  places.system = &all->system;
  places.store = all->store;
  places.directory = all->places.directory;
  places.node_name = "(stopped)";
  places.queues = all->queues;
  places.routed = all->routed;
  places.stop = [] {};
  all->answers = std::make_shared<control>(std::move(places));
  return std::unique_ptr<node>{new node{std::move(all)}};
}

std::shared_ptr<control> node::answers() const { return parts_->answers; }

// -- looking

node::progress node::look() {
  auto now = progress{};
  now.sources_ended = true;
  for (const auto& [name, report] : parts_->sources) {
    auto x = report->read();
    now.sources_ended &= x.has_ended && x.confirmed == x.published;
    if (x.failure.code != errc::none) now.failure = x.failure.detail;
  }
  for (const auto& [name, x] : parts_->stages)
    if (x->has_given_up) now.failure = "stage " + name + " is paused";
  auto self = caf::scoped_actor{parts_->system};
  for (const auto& of : parts_->queues) {
    auto found = caf::actor{};
    self
      ->request(
        parts_->places.directory, caf::infinite, directory::find{of.name})
      .receive(
        [&](const directory::queue_up& x) {
          found = caf::actor_cast<caf::actor>(x.where);
        },
        [](const caf::error&) {});
    auto figures = queue_figures{};
    figures.in_flight = 1; // one that is being restarted is not done
    if (found)
      self
        ->request(
          caf::actor_cast<queue_actor>(found), std::chrono::seconds{10},
          queue::describe{})
        .receive(
          [&](const queue::description& x) { figures = x.figures; },
          [](const caf::error&) {});
    now.in_flight += figures.in_flight;
    now.handled += figures.acked + figures.dead_lettered;
    if (parts_->consumed.contains(of.name)) now.to_handle += figures.length;
  }
  return now;
}

// -- stopping

bool node::parts::close_queues(clock::time_point deadline) {
  auto self = caf::scoped_actor{system};
  auto in_time = true;
  for (const auto& of : queues) {
    auto found = caf::actor{};
    self->request(places.directory, caf::infinite, directory::find{of.name})
      .receive(
        [&](const directory::queue_up& x) {
          found = caf::actor_cast<caf::actor>(x.where);
        },
        [](const caf::error&) {});
    if (!found) continue; // it recovers at the next start
    auto left = std::max(deadline - clock::now(), clock::duration{0});
    self
      ->request(
        caf::actor_cast<queue_actor>(found),
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
  auto in_time = stop_and_wait(all.system, all.source_tree->get(), deadline);
  in_time &= stop_and_wait(all.system, all.stage_tree->get(), deadline);
  in_time &= all.close_queues(
    std::max(deadline, clock::now() + std::chrono::seconds{1}));
  in_time &=
    stop_and_wait(all.system, all.root, clock::now() + std::chrono::seconds{5});
  return in_time;
}

node::~node() { stop(std::chrono::seconds{10}); }

/// Ends whatever runs, also after a start that went wrong half way: the actor
/// system waits for all of them.
node::parts::~parts() {
  answers.reset();
  source_tree->set(nullptr);
  stage_tree->set(nullptr);
  if (root) caf::anon_send_exit(root, caf::exit_reason::kill);
  root = nullptr;
  for (const auto& who :
       {caf::actor_cast<caf::actor>(places.router),
        caf::actor_cast<caf::actor>(places.directory),
        caf::actor_cast<caf::actor>(places.reader),
        caf::actor_cast<caf::actor>(places.store)})
    if (who) caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
  places = {};
}

} // namespace troupe
