#pragma once

#include "engine/coordinator/coordinator.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace troupe {

/// What goes wrong between a client and the coordinator, and how long it all
/// takes. Shares are from 0 to 1.
struct memory_faults {
  double lost_requests = 0;
  double lost_replies = 0; // of requests that were done
  duration min_delay{1};   // one way; at least 1 ms
  duration max_delay{1};   // requests may overtake each other
  duration request_limit{3000};
  bool operator==(const memory_faults&) const = default;
};

/// A coordinator for tests: in memory, with many clients, in a time that only
/// `tick` winds on, the same for the same seed. One thread uses it and all
/// its clients; callbacks come within `tick`.
class memory_world {
public:
  explicit memory_world(std::uint64_t seed = 1, memory_faults faults = {});
  ~memory_world();
  memory_world(const memory_world&) = delete;
  memory_world& operator=(const memory_world&) = delete;

  /// Makes a client. Several may have one name: they are cut together.
  std::unique_ptr<coordinator> client(const std::string& name);

  /// Lets everything happen that is due, in its order. Begin with one: time
  /// starts at zero.
  void tick(time_point now);

  /// Lets nothing through to the clients of a name or from them. After a
  /// session's `ttl` its keys are gone.
  void cut(const std::string& name);
  void heal(const std::string& name);

  /// Ends the sessions of a name though their holders are well.
  void end_sessions(const std::string& name);

  /// Forgets the past: who has not seen it is told to resync.
  void compact();

  void set_faults(const memory_faults& faults);

  /// Returns what stands, as no client may see it.
  kept_range range(const std::string& prefix) const;

  struct inner;

private:
  // Shared with the clients, so that either may go first.
  std::shared_ptr<inner> inner_;
};

} // namespace troupe
