#pragma once

#include "config/pipeline.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Where an output leads.
struct target {
  enum class kind : std::uint8_t { queue, router } what{};
  std::string name;
  bool operator==(const target&) const = default;
};

/// A handler or a sink, and the queues it reads. Sinks of type queue read none
/// and are not among them.
struct consumer_plan {
  std::string component;
  bool is_sink = false;
  std::vector<std::string> queues; // each once, in the order of `inputs`
  bool operator==(const consumer_plan&) const = default;
};

/// What a configuration comes to: every queue, every output with its targets,
/// every consumer. What runs and what is drawn follow it.
///
/// Outputs are named "source", "router.route", "router.dead", "handler",
/// "handler.own_name" and "handler.dead". A hash router has one output of its
/// own name, to its queue. Those of sources and routers are all there, without
/// targets where nobody reads them; those of handlers are there when somebody
/// reads them, and `.dead` always.
struct plan {
  /// Declared queues with the order their routers ask for, and the queues that
  /// nobody declared: `handler.in`, `sink.in`, `handler.dead`, `router.dead`.
  std::map<std::string, queue_config> queues;
  std::map<std::string, std::vector<target>> outputs;
  std::map<std::string, router_config> routers;
  std::vector<consumer_plan> consumers; // handlers, then sinks, by name
  /// The sources of type amqp_server. One without an exchange has no output.
  std::map<std::string, amqp_server_config> amqp_servers;
  std::set<std::string> vhosts; // "/" and those of [vhosts]

  /// Returns where an output leads: nothing where nobody reads it.
  const std::vector<target>& targets(const std::string& output) const;

  bool operator==(const plan&) const = default;
};

/// How long a queue that nobody declared may get in front of a consumer.
inline constexpr std::uint64_t implicit_max_length = 10'000;

/// Makes the plan of a configuration. With faults in the configuration, what
/// has no meaning is left out.
plan make_plan(const pipeline_config& config);

} // namespace troupe
