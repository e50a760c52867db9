#pragma once

#include "engine/message/batch.hpp"
#include "engine/routing/binding.hpp"
#include "engine/routing/route_result.hpp"
#include "engine/routing/routing_snapshot.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::amqp {

/// Messages bound for one partition of a queue, in the order they came.
struct exchanged {
  routed_queue_ptr to;
  std::uint16_t partition = 0;
  bool has_expirations = false;
  bool is_delayed = false;
  std::vector<std::uint64_t> sequences; // as given, of these messages
  batch_ptr messages;
};

/// Returns the partition of a queue that takes a message: its priority's, or
/// its order key's. `scratch` is used again from call to call.
std::uint16_t partition_for(
  const routed_queue& to, const message& what, std::string& scratch);

/// Where dead letters end that would go round without end and without anybody's
/// rejecting them. Every vhost has it that has a queue with dead letters.
constexpr auto quarantine_queue = "amq.troupe.quarantine";

/// Publishes what comes out of queues to the exchanges that the messages name:
/// dead letters, and what a delayed exchange held back. What no queue takes is
/// dropped, as AMQP has it. `sequences` has one number a message, or none.
std::vector<exchanged> route_by_exchange(
  const routing_snapshot& routes,
  const std::string& vhost,
  const std::vector<std::uint64_t>& sequences,
  const batch& messages);

/// Publishes what an exchange kept to where a new binding from it leads, as
/// RabbitMQ's plug-in does: to a queue, or through another exchange.
std::vector<exchanged> route_history(
  const routing_snapshot& routes,
  const std::string& vhost,
  const binding& added,
  const batch& messages);

} // namespace troupe::amqp
