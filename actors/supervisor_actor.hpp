#pragma once

#include "actors/interfaces.hpp"
#include "engine/supervision/supervision.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace troupe {

/// How a supervisor starts a child and asks it to end. Both are called many
/// times, by the supervisor's thread.
struct child_spec {
  std::string name;
  std::function<caf::actor(caf::actor_system&)> start;
  std::function<void(const caf::actor&)> stop;
};

/// Counts of one supervisor that others may read at any time.
struct supervisor_figures {
  std::atomic<std::uint64_t> restarts = 0;
  std::atomic<bool> has_given_up = false;
};

struct supervisor_options {
  std::string name; // its path: "node/pipeline/charge"
  restart_policy policy;
  std::vector<child_spec> children;
  std::shared_ptr<supervisor_figures> figures;
  /// Called when it gave up with `on_giving_up::stop`: the node is to stop.
  std::function<void(const std::string& why)> stop_node;
};

/// The shell of the supervision machine. It ends normally when it was asked to
/// stop, and with an error when it gave up and its parent is to decide. When
/// it gave up with `pause` it stays, without children.
class supervisor_state {
public:
  static inline const char* name = "supervisor";

  supervisor_actor::behavior_type handlers(
    supervisor_actor::stateful_pointer<supervisor_state> self,
    supervisor_options options);

private:
  void start(std::size_t child);
  void down(const caf::down_msg& msg);
  void act();
  void carry_out(const supervision_action& what);
  void finish();
  void set_timer();

  supervisor_actor::stateful_pointer<supervisor_state> self_ = nullptr;
  supervisor_options options_;
  std::unique_ptr<supervision> machine_;
  std::vector<caf::actor> children_;
  std::vector<bool> was_started_;
  std::optional<on_giving_up> gave_up_;
  bool is_stopping_ = false;
  std::optional<time_point> timer_;
  std::minstd_rand random_{std::random_device{}()};
};

supervisor_actor::behavior_type run_supervisor(
  supervisor_actor::stateful_pointer<supervisor_state> self,
  supervisor_options options);

} // namespace troupe
