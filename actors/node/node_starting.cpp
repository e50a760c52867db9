#include "actors/directory_actor.hpp"
#include "actors/node/node_parts.hpp"
#include "actors/node/stages.hpp"
#include "actors/recovery.hpp"
#include "actors/store_actor.hpp"
#include "config/users.hpp"

#include <caf/scoped_actor.hpp>

namespace troupe {

namespace {

// Bytes of bodies that the queues of a node that is not run keep in memory.
constexpr std::uint64_t quiet_memory = 64 * 1024 * 1024;

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

/// Queues of the configuration as every member of a cluster knows them.
std::vector<queue_options> configured_queues(const checked_config& what) {
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

// -- parts

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

// -- as a member of a cluster

/// Starts as a member of a cluster: queues, handlers and sources run where
/// their groups are led, and come with them.
result<> node::parts::join(
  const checked_config& what, const registry& handlers, stop_asked asked) {
  auto joined = cluster_member::join(system, what, store);
  if (!joined) return joined.error();
  member = std::move(*joined);
  config_of_member = what;
  auto configured = configured_queues(what);
  places.is_full = member->is_stuck();
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
               work, std::move(asked)});
  return {};
}

// -- by itself

result<> node::parts::start_alone(
  const checked_config& what, const registry& handlers, stop_asked asked) {
  auto memory = what.config.node.memory_budget;
  auto kept = restore_topology(*store, memory);
  if (!kept) return kept.error();
  auto known = queues_of(*store, what, *kept);
  if (!known) return known.error();
  auto table = make_route_table(what, *known);
  if (auto done = recover(*kept, std::move(*known)); !done) return done;
  spawn_services(std::move(table));
  if (auto done = start_topology(what, std::move(*kept), memory); !done)
    return done;
  if (auto done = open_servers(what); !done) return done;

  auto branches = std::vector<child_spec>{queue_branch()};
  auto made = stages_of(what, handlers, {store, places.directory, asked});
  consumed = made.consumed;
  for (const auto& [name, x] : made.figures) work->note_stage(name, "", x);
  branches.push_back(as_child(std::move(made.tree), stage_tree));
  auto inputs = sources_of(what, store, places);
  if (!inputs) return inputs.error();
  for (const auto& [name, x] : inputs->reports) work->note_source(name, x);
  branches.push_back(as_child(std::move(inputs->tree), source_tree));
  start_tree(std::move(branches), asked);
  wait_for_queues();
  return {};
}

/// Starts what the store knows of, with nothing that consumes it. Fills in
/// which queues hold dead letters.
result<> node::parts::start_queues(std::set<std::string>& dead_letters) {
  auto kept = restore_topology(*store, quiet_memory);
  if (!kept) return kept.error();
  auto known = queues_of(*store, *kept);
  if (!known) return known.error();
  auto all = std::vector<queue_options>{};
  for (auto& x : *known) {
    if (x.is_dead_letters) dead_letters.insert(x.options.name);
    all.push_back(std::move(x.options));
  }
  auto table = make_route_table({}, all);
  // A pipeline's ways are not known here; the next run knows them.
  table->keeps_unrouted = true;
  if (auto done = recover(*kept, std::move(all)); !done) return done;
  spawn_services(std::move(table));
  if (auto done = start_topology({}, std::move(*kept), quiet_memory); !done)
    return done;
  start_tree({queue_branch()}, [](const std::string&) {});
  wait_for_queues();
  return {};
}

// -- for operators

/// What an operator may ask of any node.
control_places node::parts::answering_places(const std::string& name) {
  auto made = control_places{};
  made.system = &system;
  made.store = store;
  made.directory = places.directory;
  made.node_name = name;
  made.work = work;
  made.routed = routed;
  return made;
}

/// Opens the doors, once all else is there.
void node::parts::answer_operators(
  const checked_config& what, const stop_asked& asked) {
  auto made = answering_places(what.config.node.name);
  for (const auto& [name, queue] : what.plan.queues)
    if (queue.is_dead_letters) made.dead_letter_queues.insert(name);
  made.stop = [asked] { asked("an operator asked for it"); };
  if (member) made.cluster = member->control_places();
  answers = std::make_shared<control>(std::move(made));
  for (const auto& x : servers) x->start();
}

// -- starting

result<std::unique_ptr<node>> node::start(
  const checked_config& what, const registry& handlers, stop_asked asked) {
  auto all = std::make_unique<parts>();
  auto opened = open_store(what.config.node.data_dir);
  if (!opened) return opened.error();
  all->store = std::move(*opened);
  auto started = what.config.cluster ? all->join(what, handlers, asked)
                                     : all->start_alone(what, handlers, asked);
  if (!started) return started.error();
  all->answer_operators(what, asked);
  return std::unique_ptr<node>{new node{std::move(all)}};
}

result<std::unique_ptr<node>>
node::start_quiet(const std::filesystem::path& data_dir) {
  auto all = std::make_unique<parts>();
  auto opened = open_store(data_dir);
  if (!opened) return opened.error();
  if (auto fit = check_is_alone(**opened, data_dir); !fit) return fit.error();
  all->store = std::move(*opened);
  auto dead_letters = std::set<std::string>{};
  if (auto done = all->start_queues(dead_letters); !done) return done.error();
  auto made = all->answering_places("(stopped)");
  made.dead_letter_queues = std::move(dead_letters);
  made.stop = [] {};
  all->answers = std::make_shared<control>(std::move(made));
  return std::unique_ptr<node>{new node{std::move(all)}};
}

} // namespace troupe
