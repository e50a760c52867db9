#include "actors/cluster/locator_actor.hpp"
#include "actors/cluster/store_actors.hpp"
#include "actors/node/cluster_parts.hpp"
#include "actors/node/cluster_settings.hpp"
#include "actors/node/host_runs.hpp"
#include "actors/node/random_id.hpp"
#include "actors/node/recover_files.hpp"
#include "actors/store_actor.hpp"
#include "engine/coordinator/feature_level.hpp"

#include <spdlog/spdlog.h>

namespace troupe {

namespace {

constexpr std::uint32_t peer_protocol = 1;

} // namespace

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
  asked.own.run = own_run();
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
  asked.has_ended = run_has_ended;
  asked.is_over = [] { return false; };
  asked.on_trouble = [](const std::string& text) {
    spdlog::info("cluster: {}", text);
  };
  auto done = register_member(*coordinates->truth(), asked);
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
    run_replicas, replicas_places{writer, lookup, links, is_stuck}, all,
    registered_member{own.id, own.store});
  shards = system.spawn(run_directory);
  locator = system.spawn(run_locator, links, sessions, shards);
  return {};
}

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
  auto coordinates = coordination::open(what.config);
  if (!coordinates) return coordinates.error();
  all->coordinates = std::move(*coordinates);
  if (auto done = all->enter(); !done) return done.error();
  if (auto done = all->open_replicas(); !done) return done.error();
  return std::unique_ptr<cluster_member>{new cluster_member{std::move(all)}};
}

} // namespace troupe
