#pragma once

#include "engine/base/clock.hpp"
#include "engine/supervision/restart_policy.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe {

/// How a child ended. One that ends normally has done its work and is not
/// started again.
enum class exit_reason : std::uint8_t { normal, failed };

// -- what a supervisor's machine wants done, in this order

/// Start a new instance. Answered by `on_started`, or by `on_exited` where
/// that fails.
struct start_child {
  std::size_t child = 0;
  bool operator==(const start_child&) const = default;
};

/// Ask the instance to end. Answered by `on_exited`.
struct stop_child {
  std::size_t child = 0;
  bool operator==(const stop_child&) const = default;
};

/// Children fail more often than the policy allows; `child` was the last one.
/// Those that still run are stopped next, `all_stopped` ends it: only then do
/// what `then` says.
struct give_up {
  std::size_t child = 0;
  on_giving_up then{};
  bool operator==(const give_up&) const = default;
};

/// No child runs and none will be started. Comes once.
struct all_stopped {
  bool operator==(const all_stopped&) const = default;
};

using supervision_action =
  std::variant<start_child, stop_child, give_up, all_stopped>;

/// Returns "start 2", "give up: pause (child 2)" and the like.
std::string to_string(const supervision_action& action);

/// The rules of one supervisor: which child is started, stopped and started
/// again, and when. Children are numbered from 0 in the order they start.
///
/// `one_for_one` takes them as independent: they start and stop together. In
/// the other strategies each rests on those before it: it is started once they
/// run, and asked to stop once those after it are gone.
///
/// Holds no clock, timer or actor: the shell tells it what happened, carries
/// out `take_actions` after each event, and calls `on_timer` at `next_due`.
class supervision {
public:
  supervision(const restart_policy& policy, std::size_t children)
    : policy_{policy}, children_(children) {}

  /// Starts the children. Called first, once.
  void on_start(time_point now);

  void on_started(std::size_t child, time_point now);

  /// `random`, from 0 to 1, spreads the restarts. An exit that was asked for
  /// is never a failure.
  void on_exited(
    std::size_t child, exit_reason reason, time_point now, double random);

  void on_timer(time_point now);

  /// Stops all children for good.
  void on_stop_request(time_point now);

  std::vector<supervision_action> take_actions();

  /// Returns when `on_timer` should be called next.
  std::optional<time_point> next_due() const;

  bool is_stopped() const { return is_stopped_; }
  bool has_given_up() const { return has_given_up_; }

  /// True while an instance of the child exists: from `start_child` to
  /// `on_exited`.
  bool is_alive(std::size_t child) const {
    return child < children_.size() && children_[child].is_alive();
  }

  /// Counts the failures in the last `within`, as of the last failure.
  std::size_t recent_failures() const { return failures_.size(); }

private:
  struct child_state {
    enum class phase : std::uint8_t {
      waiting, // to be started, at `not_before` at the earliest
      starting,
      running,
      stopping,
      done, // ended normally
    } now = phase::waiting;
    bool must_stop = false; // alive, and to be stopped when its turn comes
    time_point not_before{};
    time_point started_at{};
    std::uint32_t failures = 0; // in a row, for the backoff
    duration waited{0};         // before its last start

    bool is_alive() const {
      return now == phase::starting || now == phase::running
             || now == phase::stopping;
    }
  };
  using phase = child_state::phase;

  void on_failed(std::size_t child, time_point now, double random);
  bool is_too_often(time_point now);
  void restart_group(std::size_t failed, time_point at);
  void end();
  void advance(time_point now);
  bool stop_some();
  void ask_to_stop(std::size_t child);
  void start_some(time_point now);
  bool is_ended() const;
  bool are_independent() const {
    return policy_.strategy == strategy::one_for_one;
  }

  restart_policy policy_;
  std::vector<child_state> children_;
  std::deque<time_point> failures_; // within the last `policy_.within`
  std::vector<supervision_action> out_;
  bool is_started_ = false;
  bool is_ending_ = false; // on request, or because it gave up
  bool has_given_up_ = false;
  bool is_stopped_ = false;
};

} // namespace troupe
