#include "engine/cluster/handling_gate.hpp"

#include <ctime>

namespace troupe::cluster {

local_time local_now() {
  auto read = timespec{};
  clock_gettime(CLOCK_BOOTTIME, &read);
  using namespace std::chrono;
  auto since = seconds{read.tv_sec} + nanoseconds{read.tv_nsec};
  return local_time{duration_cast<local_span>(since)};
}

} // namespace troupe::cluster
