#pragma once

#include "tests/bench/amqp_traffic.hpp"

namespace troupe::bench::amqp {

/// A broker that does nothing: it swallows what is published, confirms it
/// unseen and feeds the frames to the queue's consumer, without a queue, a disk
/// or a credit. What the load reaches against it is what the load can reach. A
/// process of its own, which ends with the object.
class null_broker {
public:
  null_broker();
  ~null_broker();
  null_broker(const null_broker&) = delete;
  null_broker& operator=(const null_broker&) = delete;

  target where() const { return where_; }

private:
  target where_;
};

} // namespace troupe::bench::amqp
