#include "actors/node/clients.hpp"

#include "actors/node/version.hpp"
#include "actors/queue_place.hpp"
#include "engine/base/stable_hash.hpp"

#include <algorithm>

namespace troupe {

namespace {

/// Returns how all queues that were restored are to be started.
result<std::vector<queue_start>>
starts_of(const topology& machine, std::uint64_t memory_budget) {
  auto all = std::vector<queue_start>{};
  auto failure = error{};
  auto routes = machine.snapshot();
  routes->for_each_vhost([&](const std::string& vhost) {
    routes->for_each_queue(vhost, [&](const routed_queue& x) {
      auto made = start_of(vhost, *x.declared, 0);
      if (auto* why = std::get_if<amqp::refused>(&made)) {
        failure = {errc::corrupt, why->text};
        return;
      }
      all.push_back(std::get<queue_start>(std::move(made)));
      all.back().options.id = x.id;
    });
  });
  if (failure.code != errc::none) return failure;
  for (auto& x : all)
    x.options.resident_limit = queue_memory(memory_budget, all.size());
  return all;
}

/// Numbers what is no queue, beyond all queues.
queue_id way_in_id(const std::string& source) {
  return queue_id{stable_hash(source) | (std::uint64_t{3} << 62)};
}

/// Says whether a binding with the key "#" gets all messages.
bool takes_everything(exchange_type of) {
  return of == exchange_type::fanout || of == exchange_type::topic;
}

/// Makes what is published to a server's exchange come out of the source, as
/// if a queue were bound to it.
result<> add_way_in(
  topology& machine,
  const std::string& source,
  const amqp_server_config& server) {
  auto exchange = exchange_declaration{};
  exchange.name = server.exchange;
  exchange.type = "topic";
  exchange.durable = true;
  auto known = machine.find_exchange(server.vhost, server.exchange);
  if (!known)
    machine.declare_exchange(server.vhost, exchange).value();
  else if (!takes_everything((*known)->type()))
    return error{
      errc::bad_config,
      "source '" + source + "' cannot have all messages of the exchange '"
        + server.exchange + "', which is of type " + (*known)->declared().type
        + ": name a fanout or topic exchange, or a new one"};
  auto way = queue_declaration{};
  way.name = "amq.troupe.source." + source;
  way.is_server_named = true;
  auto made = new_queue{};
  made.id = way_in_id(source);
  made.place =
    std::make_shared<queue_place>(queue_place{{}, source, server.exchange});
  machine.declare_queue(server.vhost, way, made, 0).value();
  auto everything = binding{};
  everything.source = server.exchange;
  everything.destination = way.name;
  everything.routing_key = "#";
  machine.bind(server.vhost, everything, 0).value();
  return {};
}

} // namespace

bool kept_topology::has(const std::string& full_name) const {
  return std::ranges::any_of(queues, [&](const queue_start& x) {
    return x.options.full_name() == full_name;
  });
}

result<kept_topology>
restore_topology(const log_store& store, std::uint64_t memory_budget) {
  auto made = kept_topology{};
  auto restored = result<>{};
  auto scanned =
    store.scan_state(topology_owner, [&](auto vhost, auto key, auto value) {
      if (restored)
        restored = made.machine.restore(std::string{vhost}, key, value);
    });
  if (!scanned) return scanned.error();
  if (!restored) return restored.error();
  auto starts = starts_of(made.machine, memory_budget);
  if (!starts) return starts.error();
  made.queues = std::move(*starts);
  made.machine.add_vhost("/");
  return made;
}

result<topology_start> make_topology_start(
  const checked_config& what,
  kept_topology kept,
  const std::vector<queue_options>& others,
  std::shared_ptr<routes_board> routes,
  std::uint64_t memory_budget) {
  auto made = topology_start{};
  made.machine = std::move(kept.machine);
  made.routes = std::move(routes);
  made.memory_budget = memory_budget;
  for (const auto& vhost : what.plan.vhosts) made.machine.add_vhost(vhost);
  for (const auto& x : others) {
    made.configured[x.full_name()] = x.id;
    auto declared = queue_declaration{};
    declared.name = x.name;
    declared.durable = x.is_durable;
    declared.is_server_named = true; // whatever its name begins with
    auto known = made.machine.find_queue(x.vhost, x.name, 0);
    if (!known)
      made.machine.declare_queue(x.vhost, declared, new_queue_of(x), 0).value();
  }
  // What the configuration has, clients no longer own.
  std::erase_if(kept.queues, [&](const queue_start& x) {
    return made.configured.contains(x.options.full_name());
  });
  made.queues = std::move(kept.queues);
  for (const auto& [name, server] : what.plan.amqp_servers)
    if (!server.exchange.empty())
      if (auto done = add_way_in(made.machine, name, server); !done)
        return done.error();
  return made;
}

// -- servers

namespace {

tls_options to_tls(const tls_config& from) {
  auto made = tls_options{};
  made.cert = from.cert;
  made.key = from.key;
  made.ca = from.ca;
  using asked = client_certificate;
  made.verify = from.verify == asked::none   ? tls_verify::none
                : from.verify == asked::peer ? tls_verify::peer
                                             : tls_verify::require;
  return made;
}

amqp::compatibility to_compatibility(amqp_compat from) {
  switch (from) {
    case amqp_compat::strict: return amqp::compatibility::strict;
    case amqp_compat::rabbitmq_3_13: return amqp::compatibility::rabbitmq_3_13;
    case amqp_compat::lenient: break;
  }
  return amqp::compatibility::lenient;
}

amqp_server_options to_options(
  const std::string& name,
  const checked_config& what,
  const amqp_server_config& from) {
  auto made = amqp_server_options{};
  made.name = name;
  made.listen = parse_endpoint(from.listen).value(); // checked before
  if (from.tls) {
    made.tls_listen = parse_endpoint(from.tls->listen).value();
    made.tls = to_tls(*from.tls);
  }
  made.max_connections = from.max_connections;
  auto& all = made.connections;
  all.node_name = what.config.node.name;
  all.version = version;
  all.compat = to_compatibility(from.compat);
  // Brokers of old left it to clients how long they take, and Celery's tasks
  // with an ETA take hours.
  if (from.compat == amqp_compat::lenient) all.consumer_timeout.reset();
  all.channel_max = from.channel_max;
  all.frame_max = static_cast<std::uint32_t>(from.frame_max);
  all.heartbeat = static_cast<std::uint16_t>(
    std::chrono::duration_cast<std::chrono::seconds>(from.heartbeat).count());
  all.max_message_bytes = from.max_message_size;
  return made;
}

} // namespace

result<std::vector<std::unique_ptr<amqp_server>>> open_servers(
  caf::actor_system& system,
  const checked_config& what,
  const connection_places& places) {
  auto all = std::vector<std::unique_ptr<amqp_server>>{};
  for (const auto& [name, server] : what.plan.amqp_servers) {
    auto opened =
      amqp_server::open(system, places, to_options(name, what, server));
    if (!opened) return opened.error();
    all.push_back(std::move(*opened));
  }
  return all;
}

} // namespace troupe
