#include "actors/node/cluster_member.hpp"

#include "actors/cluster/gateway_actor.hpp"
#include "actors/cluster/hosting_actor.hpp"
#include "actors/cluster/locator_actor.hpp"
#include "actors/cluster/member_links.hpp"
#include "actors/cluster/replicas_actor.hpp"
#include "actors/cluster/shard_frames.hpp"
#include "actors/cluster/store_actors.hpp"
#include "actors/control_requests.hpp"
#include "actors/directory_actor.hpp"
#include "actors/fatal.hpp"
#include "actors/node/cluster_operators.hpp"
#include "actors/node/cluster_settings.hpp"
#include "actors/node/cluster_state.hpp"
#include "actors/node/hosted_work.hpp"
#include "actors/node/member_questions.hpp"
#include "actors/node/random_id.hpp"
#include "actors/node/recover_files.hpp"
#include "actors/node/shared_work.hpp"
#include "actors/node/stages.hpp"
#include "actors/store_actor.hpp"
#include "engine/base/stable_hash.hpp"
#include "engine/coordinator/etcd_coordinator.hpp"
#include "engine/coordinator/feature_level.hpp"
#include "engine/coordinator/managed_etcd.hpp"
#include "engine/delivery/queue_groups.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <future>
#include <mutex>
#include <thread>

namespace troupe {

using namespace cluster;

namespace {

constexpr std::uint32_t peer_protocol = 1;

/// The coordinator with what it runs on.
struct coordination {
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
    io.get_executor()};
  std::thread thread;
  std::unique_ptr<managed_etcd> etcd; // where this member runs one
  std::shared_ptr<coordinator> truth;

  void run() {
    thread = std::thread{[this] { io.run(); }};
  }

  /// Runs something on the context's thread, and waits.
  template <class What>
  auto on_thread(What what) {
    auto task = std::packaged_task<decltype(what())()>{std::move(what)};
    auto answer = task.get_future();
    boost::asio::post(io, [&] { task(); });
    return answer.get();
  }

  ~coordination() {
    if (!thread.joinable()) return;
    on_thread([this] {
      if (truth) truth->close();
      etcd.reset(); // it goes on: others may need it
      return 0;
    });
    work.reset();
    io.stop();
    thread.join();
    truth.reset();
  }
};

result<> open_managed(coordination& at, managed_etcd_options options) {
  return at.on_thread([&]() -> result<> {
    auto opened =
      managed_etcd::open(at.io, options, [](const std::string& text) {
        spdlog::info("etcd: {}", text);
      });
    if (!opened) return opened.error();
    at.etcd = std::move(*opened);
    return {};
  });
}

result<std::unique_ptr<coordination>>
coordinate(const pipeline_config& config) {
  auto made = std::make_unique<coordination>();
  made->run();
  if (auto own = own_etcd(config))
    if (auto done = open_managed(*made, std::move(*own)); !done)
      return done.error();
  auto opened = etcd_coordinator::open(made->io, asked_etcd(config));
  if (!opened) return opened.error();
  made->truth = std::move(*opened);
  return made;
}

/// Tells when a member is gone: its session may lapse while it is well, and a
/// link may break, but hardly both.
class presence {
public:
  /// Returns true where it is gone from now on.
  bool set_running(member_id member, bool is_so) {
    auto guard = std::lock_guard{mutex_};
    return change(seen_[member], &sight::is_running, is_so);
  }
  bool set_linked(member_id member, bool is_so) {
    auto guard = std::lock_guard{mutex_};
    return change(seen_[member], &sight::is_linked, is_so);
  }

private:
  struct sight {
    bool is_running = false;
    bool is_linked = false;
  };

  static bool change(sight& x, bool sight::*which, bool is_so) {
    auto was_there = x.is_running || x.is_linked;
    x.*which = is_so;
    return was_there && !x.is_running && !x.is_linked;
  }

  std::mutex mutex_; // guards what follows
  std::map<member_id, sight> seen_;
};

} // namespace

struct cluster_member::parts {
  caf::actor_system& system;
  cluster_config config;
  std::string prefix;
  std::shared_ptr<log_store> store;
  std::unique_ptr<coordination> coordinates;
  std::shared_ptr<member_links> links;
  std::shared_ptr<member_questions> questions;
  std::shared_ptr<hosted_work> here = std::make_shared<hosted_work>();
  std::unique_ptr<shared_work> work;
  std::shared_ptr<cluster_state> state;
  node_record own;
  cluster_meta meta;
  revision began_at = 0;
  std::string name;
  std::shared_ptr<std::atomic<bool>> is_full =
    std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<session_register> sessions =
    std::make_shared<session_register>();
  std::shared_ptr<cluster_board> board = std::make_shared<cluster_board>();
  writer_actor writer;
  lookup_actor lookup;
  reader_actor reader;
  replicas_actor replicas;
  directory_actor shards;
  locator_actor locator;
  hosting_actor hosting;
  membership_actor membership;
  caf::actor outbox; // of the topology
  topology_actor topology;
  pipeline runs;
  std::vector<caf::actor> gateways; // of configured queues
  bool is_stopped = false;
  presence others;

  explicit parts(caf::actor_system& in) : system{in} {}

  result<> open_links();
  result<store_origin> origin() const;
  result<> bind_store();
  result<> enter();
  result<> open_replicas();
  gateway_places gates(const directory_actor& queues) const;
  queue_actor
  open_gateway(const queue_options& of, const directory_actor& queues);
  void tell_hosting(const queue_start& of);
  hosted_branches branches();
  void begin_hosting();
  void begin_membership();
  void begin_answering();
  bool leads_here(group_id group);
  void take_frames();
  void tell_gone(member_id who) {
    caf::anon_send(
      topology,
      topology_messages::member_gone{static_cast<std::uint16_t>(who)});
    caf::anon_send(locator, gates::member_gone{who});
  }
  ~parts();
};

// -- joining

result<> cluster_member::parts::open_links() {
  auto options = peer_links_options{};
  options.self = {config.name, name, store->store_id(), peer_protocol};
  auto listen = parse_endpoint(config.listen);
  if (!listen) return listen.error();
  options.listen = *listen;
  options.window = 64 * 1024 * 1024;
  options.most_waiting = 256 * 1024 * 1024;
  if (config.tls) {
    options.tls = tls_options{};
    options.tls->cert = config.tls->cert;
    options.tls->key = config.tls->key;
    options.tls->ca = config.tls->ca;
  }
  auto opened = member_links::open(std::move(options));
  if (!opened) return opened.error();
  links = std::move(*opened);
  questions = std::make_shared<member_questions>(links);
  return {};
}

/// Reads which cluster the store is of.
result<store_origin> cluster_member::parts::origin() const {
  auto kept = store->membership();
  if (!kept) return kept.error();
  auto made = store_origin{};
  for (std::size_t i = 0; i < troupe::groups && !made.has_copies; ++i) {
    auto mark = store->mark(group_id{static_cast<std::uint8_t>(i)});
    if (!mark) return mark.error();
    made.has_copies = mark->has_value();
  }
  if (!*kept) return made;
  made.cluster = (*kept)->cluster;
  made.cluster_id = (*kept)->cluster_id;
  if ((*kept)->beginning.empty()) return made;
  auto first = parse_recovery((*kept)->beginning, "the store's recovery");
  if (!first) return first.error();
  made.beginning = first_records_of(*first);
  made.beginning->meta.feature_level = newest_feature_level;
  return made;
}

/// Notes in the store which cluster it is of from now on.
result<> cluster_member::parts::bind_store() {
  auto kept = store->membership();
  if (!kept) return kept.error();
  auto now = store_membership{};
  now.cluster_id = meta.cluster_id;
  now.cluster = config.name;
  now.member = name;
  now.number = static_cast<std::uint16_t>(own.id);
  now.replicas = meta.replicas;
  if (*kept == now) return {};
  return store->set_membership(now);
}

result<> cluster_member::parts::enter() {
  auto asked = registration{};
  asked.prefix = prefix;
  asked.name = name;
  asked.own.addr_repl = to_string(advertised(config, links->bound()));
  asked.own.addr_ctl = asked.own.addr_repl;
  asked.own.store = parse_store_id(store->store_id()).value();
  asked.own.protocol_min = oldest_feature_level;
  asked.own.protocol_max = newest_feature_level;
  asked.meta.slots = slots;
  asked.meta.groups = troupe::groups;
  asked.meta.replicas = config.replicas;
  asked.meta.feature_level = newest_feature_level;
  asked.meta.cluster_id = random_id();
  auto from = origin();
  if (!from) return from.error();
  asked.origin = std::move(*from);
  asked.is_over = [] { return false; };
  asked.on_trouble = [](const std::string& text) {
    spdlog::info("cluster: {}", text);
  };
  auto done = register_member(*coordinates->truth, asked);
  if (!done) return done.error();
  own = done->own;
  meta = done->meta;
  began_at = done->began_at;
  if (auto bound = bind_store(); !bound) return bound.error();
  // The configuration's counts when a cluster is made, and never again.
  if (meta.replicas != config.replicas)
    spdlog::info(
      "cluster: it keeps {} replicas; cluster.replicas = {} in this node's "
      "configuration is for a new cluster alone: let it say {}, or change the "
      "cluster with: troupe cluster replicas {}",
      meta.replicas, config.replicas, meta.replicas, config.replicas);
  config.replicas = static_cast<std::uint16_t>(meta.replicas);
  spdlog::info(
    "cluster {}: this node is member {} ({})", config.name,
    static_cast<unsigned>(own.id), name);
  return {};
}

result<> cluster_member::parts::open_replicas() {
  auto options = group_replica::options{};
  options.machine.self = own.id;
  options.machine.store = own.store;
  options.machine.min_in_sync = majority_of(config.replicas);
  auto all = std::make_shared<std::vector<group_replica>>();
  for (std::size_t i = 0; i < troupe::groups; ++i) {
    options.group = group_id{static_cast<std::uint8_t>(i)};
    auto opened = group_replica::open(options, *store, local_now());
    if (!opened) return opened.error();
    all->push_back(std::move(*opened));
  }
  writer = system.spawn<caf::detached>(run_writer, store, is_full);
  lookup = system.spawn<caf::detached>(run_lookup, store);
  reader = system.spawn<caf::detached>(run_reader, store);
  replicas = system.spawn<caf::detached>(
    run_replicas, replicas_places{writer, lookup, links}, all,
    registered_member{own.id, own.store});
  shards = system.spawn(run_directory);
  locator = system.spawn(run_locator, links, sessions, shards);
  return {};
}

cluster_member::cluster_member(std::unique_ptr<parts> all)
  : parts_{std::move(all)} {}

result<std::unique_ptr<cluster_member>> cluster_member::join(
  caf::actor_system& system,
  const checked_config& what,
  std::shared_ptr<log_store> store) {
  auto all = std::make_unique<parts>(system);
  all->config = *what.config.cluster;
  all->name = what.config.node.name;
  all->store = std::move(store);
  auto prefix = cluster_prefix(all->config.name);
  if (!prefix) return prefix.error();
  all->prefix = *prefix;
  if (auto done = all->open_links(); !done) return done.error();
  auto coordinates = coordinate(what.config);
  if (!coordinates) return coordinates.error();
  all->coordinates = std::move(*coordinates);
  if (auto done = all->enter(); !done) return done.error();
  if (auto done = all->open_replicas(); !done) return done.error();
  return std::unique_ptr<cluster_member>{new cluster_member{std::move(all)}};
}

// -- what the node's own actors get

store_actor cluster_member::store() const { return parts_->replicas; }

reader_actor cluster_member::reader() const { return parts_->reader; }

std::shared_ptr<const std::atomic<bool>> cluster_member::is_full() const {
  return parts_->is_full;
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

// -- running

hosted_branches cluster_member::parts::branches() {
  auto made = hosted_branches{};
  auto stages = stage_places{store, shards, runs.stop_node};
  made.stages = [this, stages](
                  const queue_options& queue, group_id group,
                  hosted_branches::gate gate) {
    auto shard = stage_shard{shard_name(queue, group), std::move(gate)};
    auto all = stages_of_shard(
      *runs.what, *runs.handlers, stages, queue.full_name(), shard);
    for (const auto& x : all)
      here->note_stage(
        x.name.substr(x.name.rfind('/') + 1), shard.name, x.figures);
    return all;
  };
  made.stop_node = runs.stop_node;
  made.sources = [this](group_id group) {
    auto all = std::vector<supervisor_options>{};
    auto inputs = sources_of(*runs.what, store, runs.places, group);
    if (!inputs) {
      runs.stop_node(inputs.error().detail);
      return all;
    }
    for (const auto& [name, report] : inputs->reports)
      here->note_source(name, report);
    if (!inputs->tree.children.empty()) all.push_back(std::move(inputs->tree));
    return all;
  };
  return made;
}

void cluster_member::parts::begin_hosting() {
  auto places = hosting_places{};
  places.queues = runs.places;
  places.queues.store = replicas;
  places.queues.directory = shards;
  places.queues.reader = reader;
  places.queues.is_full = is_full;
  places.queues.topology = topology;
  places.lookup = lookup;
  places.replicas = replicas;
  auto made = branches();
  made.on_lead = [this](group_id group, std::uint64_t epoch) {
    if (group == group_id{0})
      caf::anon_send(topology, topology_messages::lead{epoch});
  };
  hosting = system.spawn(run_hosting, std::move(places), std::move(made));
}

void cluster_member::parts::begin_membership() {
  auto places = membership_places{};
  places.coordinator = coordinates->truth;
  places.links = links;
  places.board = board;
  places.replicas = replicas;
  places.on_member = [this](member_id member, bool is_running) {
    if (others.set_running(member, is_running)) tell_gone(member);
  };
  places.on_restart = [this](member_id member) { tell_gone(member); };
  places.on_leader = [this](group_id group, member_id leader) {
    caf::anon_send(locator, gates::leads{group, leader});
    if (group == group_id{0} && leader != own.id)
      caf::anon_send(
        topology,
        topology_messages::follow{static_cast<std::uint16_t>(leader)});
  };
  auto start = membership_start{};
  start.prefix = prefix;
  start.name = name;
  start.own = own;
  start.rules.replicas = config.replicas;
  start.rules.min_in_sync = majority_of(config.replicas);
  membership =
    system.spawn(run_membership, std::move(places), std::move(start));
}

void cluster_member::parts::take_frames() {
  links->take(
    message_kind::replication, [this](member_id from, std::string bytes) {
      caf::anon_send(replicas, replicas::received{from, std::move(bytes)});
    });
  links->take(
    message_kind::topology, [this](member_id from, std::string bytes) {
      caf::anon_send(
        topology, topology_messages::incoming{
                    static_cast<std::uint16_t>(from), std::move(bytes)});
    });
  take_shard_frames(*links, sessions, locator);
}

/// Answers other members, and knows what they are to be asked.
void cluster_member::parts::begin_answering() {
  auto places = shared_work_places{};
  places.system = &system;
  places.truth = coordinates->truth;
  places.board = board;
  places.questions = questions;
  places.here = here;
  places.prefix = prefix;
  places.self = name;
  places.incarnation = own.incarnation;
  places.began_at = began_at;
  places.queues = runs.places.directory;
  for (const auto& x : runs.queues) places.names.push_back(x.full_name());
  for (const auto& x : runs.what->plan.consumers)
    places.consumed.insert(runs.what->plan.queues.at(x.queues.at(0)).name);
  for (const auto& [source, x] : runs.what->config.sources)
    if (x.type != source_config::kind::amqp_server)
      places.sources[source] = group_of(source, 0);
  work = std::make_unique<shared_work>(std::move(places));
  auto leads = [this](group_id group) { return leads_here(group); };
  state = std::make_shared<cluster_state>(
    cluster_state_places{board, questions, store, leads, name});
  questions->answer_by([this](const boost::json::object& asked) {
    auto what = text_of(asked, "ask");
    if (what == "work") return work->answer();
    if (what == "state") return state->answer(asked);
    return failed("this member knows no such question");
  });
}

/// Says whether what is committed in a group has taken effect here, and all of
/// it.
bool cluster_member::parts::leads_here(group_id group) {
  auto role = replica_role::offline;
  caf::scoped_actor {
    system
    } -> request(
      replicas, caf::timespan{std::chrono::seconds{2}}, replicas::describe{})
      .receive(
        [&](const replicas::description& x) {
          role = x.groups.at(static_cast<std::size_t>(group)).role;
        },
        [](const caf::error&) {});
  return is_leader(role) && role != replica_role::recovering;
}

void cluster_member::start(const topology_actor& topology, pipeline of) {
  auto& all = *parts_;
  all.topology = topology;
  all.runs = std::move(of);
  all.begin_hosting();
  for (const auto& x : all.runs.queues) {
    all.tell_hosting({x, {}, nullptr});
    all.gateways.push_back(caf::actor_cast<caf::actor>(
      all.open_gateway(x, all.runs.places.directory)));
  }
  all.take_frames();
  all.begin_answering();
  all.begin_membership();
  caf::anon_send(
    all.replicas, replicas::begin{
                    caf::actor_cast<caf::strong_actor_ptr>(all.membership),
                    caf::actor_cast<caf::strong_actor_ptr>(all.hosting)});
  auto linked = [&all](member_id member, bool is_up) {
    caf::anon_send(all.locator, gates::link_changed{member, is_up});
    if (all.others.set_linked(member, is_up)) all.tell_gone(member);
    if (!is_up) {
      all.questions->link_broke(member);
      caf::anon_send(all.replicas, replicas::disconnected{member});
      return caf::anon_send(
        all.membership, membership::unreachable{all.own.id, member});
    }
    caf::anon_send(all.replicas, replicas::connected{member});
    caf::anon_send(
      all.topology,
      topology_messages::member_up{static_cast<std::uint16_t>(member)});
  };
  all.links->start(
    {[linked](member_id x) { linked(x, true); },
     [linked](member_id x) { linked(x, false); }});
}

cluster_places cluster_member::control_places() {
  auto& all = *parts_;
  auto made = make_cluster_places(
    {&all.system, all.coordinates->truth, all.board, all.replicas, all.config,
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
