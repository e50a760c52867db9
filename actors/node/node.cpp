#include "actors/node/node.hpp"

#include "actors/access_actor.hpp"
#include "actors/consumer_actor.hpp"
#include "actors/directory_actor.hpp"
#include "actors/node/clients.hpp"
#include "actors/node/cluster_member.hpp"
#include "actors/node/stages.hpp"
#include "actors/node/subtree.hpp"
#include "actors/queue_actor.hpp"
#include "actors/recovery.hpp"
#include "actors/router_actor.hpp"
#include "actors/source_actor.hpp"
#include "actors/store_actor.hpp"
#include "config/users.hpp"
#include "engine/ring/slot_map.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <thread>

namespace troupe {

namespace {

using clock = std::chrono::steady_clock;

// Bytes of bodies that the queues of a node that is not run keep in memory.
constexpr std::uint64_t quiet_memory = 64 * 1024 * 1024;

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

/// A member's store has copies and not all, and changes with others alone.
result<>
check_is_alone(const log_store& store, const std::filesystem::path& data_dir) {
  auto of = store.membership();
  if (!of) return of.error();
  if (!*of) return {};
  return error{
    errc::refused,
    "no node runs on " + data_dir.string() + ", which is of member "
      + (*of)->member + " of cluster " + (*of)->cluster
      + " and has copies alone; ask a member that runs, or start this one "
        "with: troupe run"};
}

child_spec queue_child(const queue_places& places, queue_start of) {
  auto name = of.options.name;
  return {
    name,
    [places, of](caf::actor_system& system) mutable {
      auto now = of;
      of.recovered = nullptr; // good once: the next one recovers
      return caf::actor_cast<caf::actor>(
        system.spawn(run_queue, places, std::move(now)));
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
  std::shared_ptr<routes_board> routes = std::make_shared<routes_board>();
  topology_actor topology;
  access_actor access;
  std::unique_ptr<cluster_member> member; // null: a node by itself
  std::vector<std::unique_ptr<amqp_server>> servers;
  std::vector<queue_start> queues; // all but those that clients declared
  std::size_t recovering = 0;      // queues that will announce themselves
  std::set<std::string> consumed;  // queues with a consumer in the pipeline
  std::map<std::string, std::shared_ptr<source_report>> sources;
  std::map<std::string, std::shared_ptr<supervisor_figures>> stages;
  caf::actor root;
  std::shared_ptr<subtree> source_tree = std::make_shared<subtree>();
  std::shared_ptr<subtree> stage_tree = std::make_shared<subtree>();
  std::shared_ptr<control> answers;
  bool is_stopped = false;
  std::optional<checked_config> config_of_member; // for what starts later

  result<> recover(kept_topology& kept, std::vector<queue_options> others);
  result<> start_topology(
    const checked_config& what, kept_topology kept, std::uint64_t memory);
  result<> open_servers(const checked_config& what);
  void spawn_services(std::shared_ptr<const route_table> table);
  void start_tree(std::vector<child_spec> branches, const stop_asked& asked);
  void answer_operators(const checked_config& what, const stop_asked& asked);
  result<>
  join(const checked_config& what, const registry& handlers, stop_asked asked);
  std::vector<queue_options> configured_queues(const checked_config& what);
  void wait_for_queues();
  child_spec queue_branch() const;
  bool close_queues(clock::time_point deadline);
  void end_and_wait(topology_actor& who);
  ~parts();
};

void node::parts::end_and_wait(topology_actor& who) {
  if (!who) return;
  auto self = caf::scoped_actor{system};
  self->monitor(who);
  self->send_exit(who, caf::exit_reason::user_shutdown);
  self->receive([](const caf::down_msg&) {});
  who = nullptr;
}

// -- starting

void node::parts::spawn_services(std::shared_ptr<const route_table> table) {
  auto is_full = std::make_shared<std::atomic<bool>>(false);
  places.is_full = is_full;
  places.store = system.spawn<caf::detached>(run_store, store, is_full);
  places.reader = system.spawn<caf::detached>(run_reader, store);
  places.directory = system.spawn(run_directory);
  places.router = system.spawn(
    run_router, places.directory, std::move(table), routes, routed);
}

/// Reads what is stored of all queues with one look at each log, and erases
/// what belongs to none: queues that were deleted, or were in memory.
result<>
node::parts::recover(kept_topology& kept, std::vector<queue_options> others) {
  for (auto& x : others) queues.push_back({std::move(x), {}, nullptr});
  auto durable = std::vector<queue_start*>{};
  for (auto* all : {&queues, &kept.queues})
    for (auto& x : *all)
      if (x.options.is_durable) durable.push_back(&x);
  auto options = std::vector<queue_options>{};
  for (const auto* x : durable) options.push_back(x->options);
  auto orphans = std::vector<log_place>{};
  auto machines = recover_queues(*store, options, &orphans);
  if (!machines) return machines.error();
  for (std::size_t i = 0; i < durable.size(); ++i)
    durable[i]->recovered = std::move((*machines)[i]);
  if (orphans.empty()) return {};
  auto request = commit_request{};
  request.erases = std::move(orphans);
  request.sync = false;
  auto done = store->commit(request);
  if (!done) return done.error();
  return {};
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

/// Clients find every queue by the topology; it starts those they declared.
result<> node::parts::start_topology(
  const checked_config& what, kept_topology kept, std::uint64_t memory) {
  auto others = std::vector<queue_options>{};
  for (const auto& x : queues) others.push_back(x.options);
  recovering = queues.size() + kept.queues.size();
  auto start =
    make_topology_start(what, std::move(kept), others, routes, memory);
  if (!start) return start.error();
  topology = system.spawn(run_topology, places, std::move(*start));
  return {};
}

result<> node::parts::open_servers(const checked_config& what) {
  access = system.spawn<caf::detached>(
    run_access, std::make_shared<login_check>(users_of(what.config)));
  auto opened = troupe::open_servers(
    system, what,
    {topology, access, places.router, routes, places.is_full,
     member ? member->first_connection() : 0});
  if (!opened) return opened.error();
  servers = std::move(*opened);
  return {};
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
  for (auto missing = recovering; missing > 0; --missing)
    self->receive([](const directory::queue_up&) {});
}

node::node(std::unique_ptr<parts> all) : parts_{std::move(all)} {}

/// Queues of the configuration as every member of a cluster knows them.
std::vector<queue_options>
node::parts::configured_queues(const checked_config& what) {
  auto all = std::vector<queue_options>{};
  for (const auto& [name, queue] : what.plan.queues) {
    auto options = options_of(queue);
    options.id = configured_id(options.full_name());
    all.push_back(std::move(options));
  }
  for (auto& x : all)
    x.resident_limit = memory_share(what.config.node.memory_budget, all.size());
  return all;
}

/// Starts as a member of a cluster: queues, handlers and sources run where
/// their groups are led, and come with them.
result<> node::parts::join(
  const checked_config& what, const registry& handlers, stop_asked asked) {
  auto joined = cluster_member::join(system, what, store);
  if (!joined) return joined.error();
  member = std::move(*joined);
  config_of_member = what;
  auto configured = configured_queues(what);
  places.is_full = member->is_full();
  places.store = member->store();
  places.reader = member->reader();
  places.directory = system.spawn(run_directory);
  places.router = system.spawn(
    run_router, places.directory, make_route_table(what, configured), routes,
    routed);
  auto start = make_topology_start(
    what, {}, configured, routes, what.config.node.memory_budget);
  if (!start) return start.error();
  start->cluster = member->topology_places(places.directory);
  topology = system.spawn(run_topology, places, std::move(*start));
  if (auto done = open_servers(what); !done) return done.error();
  member->start(
    topology, {&*config_of_member, &handlers, std::move(configured), places,
               std::move(asked)});
  return {};
}

result<std::unique_ptr<node>> node::start(
  const checked_config& what, const registry& handlers, stop_asked asked) {
  auto all = std::make_unique<parts>();
  auto opened = open_store(what.config.node.data_dir);
  if (!opened) return opened.error();
  all->store = std::move(*opened);
  if (what.config.cluster) {
    if (auto done = all->join(what, handlers, asked); !done)
      return done.error();
    all->answer_operators(what, asked);
    return std::unique_ptr<node>{new node{std::move(all)}};
  }
  auto memory = what.config.node.memory_budget;
  auto kept = restore_topology(*all->store, memory);
  if (!kept) return kept.error();
  auto queues = queues_of(*all->store, what, *kept);
  if (!queues) return queues.error();
  auto table = make_route_table(what, *queues);
  if (auto done = all->recover(*kept, std::move(*queues)); !done)
    return done.error();
  all->spawn_services(std::move(table));
  if (auto done = all->start_topology(what, std::move(*kept), memory); !done)
    return done.error();
  if (auto done = all->open_servers(what); !done) return done.error();

  auto made =
    stages_of(what, handlers, {all->store, all->places.directory, asked});
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

  all->answer_operators(what, asked);
  return std::unique_ptr<node>{new node{std::move(all)}};
}

/// Opens the doors, once all else is there.
void node::parts::answer_operators(
  const checked_config& what, const stop_asked& asked) {
  auto made = control_places{};
  made.system = &system;
  made.store = store;
  made.directory = places.directory;
  made.node_name = what.config.node.name;
  for (const auto& [name, queue] : what.plan.queues)
    if (queue.is_dead_letters) made.dead_letter_queues.insert(name);
  made.stages = stages;
  made.sources = sources;
  made.routed = routed;
  made.stop = [asked] { asked("an operator asked for it"); };
  if (member) made.cluster = member->control_places();
  answers = std::make_shared<control>(std::move(made));
  for (const auto& x : servers) x->start();
}

result<std::unique_ptr<node>>
node::start_quiet(const std::filesystem::path& data_dir) {
  auto all = std::make_unique<parts>();
  auto opened = open_store(data_dir);
  if (!opened) return opened.error();
  if (auto fit = check_is_alone(**opened, data_dir); !fit) return fit.error();
  all->store = std::move(*opened);
  auto kept = restore_topology(*all->store, quiet_memory);
  if (!kept) return kept.error();
  auto known = queues_of(*all->store, *kept);
  if (!known) return known.error();
  auto places = control_places{};
  auto queues = std::vector<queue_options>{};
  for (auto& x : *known) {
    if (x.is_dead_letters) places.dead_letter_queues.insert(x.options.name);
    queues.push_back(std::move(x.options));
  }
  auto known_ways = make_route_table({}, queues);
  auto table = std::make_shared<route_table>(*known_ways);
  table->keeps_unrouted = true;
  if (auto done = all->recover(*kept, std::move(queues)); !done)
    return done.error();
  all->spawn_services(std::move(table));
  if (auto done = all->start_topology({}, std::move(*kept), quiet_memory);
      !done)
    return done.error();
  all->start_tree({all->queue_branch()}, [](const std::string&) {});
  all->wait_for_queues();
  places.system = &all->system;
  places.store = all->store;
  places.directory = all->places.directory;
  places.node_name = "(stopped)";
  places.routed = all->routed;
  places.stop = [] {};
  all->answers = std::make_shared<control>(std::move(places));
  return std::unique_ptr<node>{new node{std::move(all)}};
}

std::shared_ptr<control> node::answers() const { return parts_->answers; }

// -- looking

bool node::conclude(const std::string& failure) {
  return !parts_->member || parts_->member->conclude(failure);
}

work_progress node::look() {
  if (parts_->member) return parts_->member->look();
  auto now = work_progress{};
  now.sources_ended = true;
  for (const auto& [name, report] : parts_->sources) {
    auto x = report->read();
    now.sources_ended &= x.has_ended && x.confirmed == x.published;
    if (x.failure.code != errc::none) now.failure = x.failure.detail;
  }
  for (const auto& [name, x] : parts_->stages)
    if (x->has_given_up) now.failure = "stage " + name + " is paused";
  auto self = caf::scoped_actor{parts_->system};
  for (const auto& started : parts_->queues) {
    const auto& of = started.options;
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
    now.counts.push_back(figures.acked + figures.dead_lettered);
    if (parts_->consumed.contains(of.name)) now.to_handle += figures.length;
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
