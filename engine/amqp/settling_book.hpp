#pragma once

#include "engine/amqp/broker.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace troupe::amqp {

/// What a client says became of deliveries.
enum class verdict : std::uint8_t {
  ack,
  nack_requeue,   // back to its place; no limit counts it
  reject_requeue, // back to its place; counts towards the delivery limit
  drop,           // dead, by the queue's rule
  unseen,         // never left for the client
};

/// Gathers what became of deliveries, so that a round of acks leaves as one
/// settlement a consumer and partition.
class settling_book {
public:
  void add(
    consumer_number consumer,
    const queue_ref& queue,
    verdict what,
    position_run run);
  void add(consumer_number consumer, const queue_ref& queue, failure what);

  /// Appends what was gathered and starts anew.
  void flush(std::vector<notice>& to);

private:
  settlement&
  part(consumer_number consumer, const queue_ref& queue, position at);

  std::map<consumer_number, settling> open_;
};

} // namespace troupe::amqp
