#pragma once

#include "engine/cluster/replica_machine.hpp"

#include <chrono>
#include <cstddef>

namespace troupe::test {

using namespace troupe::cluster;
using namespace std::chrono_literals;

/// Rules broken where machines meet the world, for tests that must fail.
struct play_faults {
  bool acks_before_sync = false;   // the store says "on disk" at once
  bool elects_any_disk = false;    // an emptied member is taken for the old one
  bool elects_anyone = false;      // also members that are not in sync
  bool drains_at_once = false;     // handlers still run when a move goes on
  bool forgets_publishers = false; // a new leader knows those of its base
};

struct play_options {
  std::size_t members = 3;
  std::size_t replicas = 3;
  replica_options machine;
  play_faults faults;
};

/// Gives times of the simulation: a lease of 25 ms, clocks up to 5 % wrong.
inline replica_options quick_options() {
  auto made = replica_options{};
  made.lease = {25ms, 0.05, 2ms};
  made.silent_after = 33ms;
  made.drain_timeout = 40ms;
  made.resend_after = 5ms;
  made.resend_most = 20ms;
  made.ask_again_after = 3ms;
  made.join_patience = 4ms;
  made.append_entries = 4;
  made.appends_in_flight = 3;
  made.window_entries = 8;
  made.window_bytes = 20;
  made.uncommitted_entries = 64;
  made.kept_entries = 12;
  made.kept_for = 50ms;
  made.compared_entries = 16;
  return made;
}

} // namespace troupe::test
