#pragma once

#include "tests/bench/amqp_ends.hpp"

#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace troupe::bench::amqp {

/// A broker to be measured; of a cluster, the member that all connect to.
struct target {
  std::uint16_t port = 0;
  std::vector<pid_t> processes; // whose processor time and memory are read
};

/// What came of a run.
struct figures {
  double rate = 0;      // messages consumed a second; published in a backlog
  double confirmed = 0; // messages confirmed a second
  double drained = 0;   // messages a second out of a backlog
  double p50 = 0;       // ms from due or sent to received
  double p99 = 0;
  double confirm_p50 = 0; // ms from due or sent to confirmed
  double confirm_p99 = 0;
  double cores = 0;    // processor seconds of the broker a second
  double per_core = 0; // messages a processor second of the broker
  double resident = 0; // MiB of the broker at the end
};

/// Measures so many seconds after a warm-up; a backlog until it is drained.
/// Throws `std::runtime_error` where the broker fails.
figures measure_traffic(
  const profile& x, const target& broker, double seconds, double warm_up);

} // namespace troupe::bench::amqp
