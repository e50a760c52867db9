#pragma once

#include "engine/supervision/supervision.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::test {

using namespace std::chrono_literals;

/// A supervisor's machine on a clock the test winds on. Every event and every
/// action is a line of the trace, with the milliseconds since the start.
class supervision_play {
public:
  supervision_play(const restart_policy& policy, std::size_t children)
    : machine{policy, children} {}

  /// Starts the children and says that each one runs.
  void start_all(std::size_t children) {
    machine.on_start(now);
    act();
    for (std::size_t i = 0; i < children; ++i) started(i);
  }

  void start() {
    note("begin");
    machine.on_start(now);
    act();
  }

  void started(std::size_t child) {
    note(std::to_string(child) + " runs");
    machine.on_started(child, now);
    act();
  }

  void failed(std::size_t child, double random = 0) {
    note(std::to_string(child) + " fails");
    machine.on_exited(child, exit_reason::failed, now, random);
    act();
  }

  void ended(std::size_t child) {
    note(std::to_string(child) + " ends");
    machine.on_exited(child, exit_reason::normal, now, 0);
    act();
  }

  void stop() {
    note("stop request");
    machine.on_stop_request(now);
    act();
  }

  /// Lets time pass, with the timers on the way.
  void wait(duration time) {
    auto end = now + time;
    for (auto due = machine.next_due(); due && *due <= end;
         due = machine.next_due()) {
      now = std::max(now, *due);
      machine.on_timer(now);
      act();
    }
    now = end;
  }

  /// Returns what was noted since the last call.
  std::string trace() { return std::exchange(lines, {}); }

  supervision machine;
  time_point now{};
  std::vector<supervision_action> last; // what the last event brought
  std::string lines;

private:
  void note(const std::string& what) {
    auto time = std::to_string(now.time_since_epoch().count());
    lines += '[' + std::string(time.size() < 5 ? 5 - time.size() : 0, ' ')
             + time + "] " + what + '\n';
  }

  void act() {
    last = machine.take_actions();
    for (const auto& x : last) note("  " + to_string(x));
  }
};

/// A policy without jitter: 100 ms, then twice as long each time, to 1 s.
inline restart_policy policy_of(strategy how, std::uint32_t max_restarts = 3) {
  auto made = restart_policy{};
  made.strategy = how;
  made.max_restarts = max_restarts;
  made.within = 10s;
  made.backoff = {100ms, 2.0, 1s, 0.0};
  return made;
}

} // namespace troupe::test
