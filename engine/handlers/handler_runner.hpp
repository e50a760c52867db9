#pragma once

#include "engine/handlers/settlement_builder.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// Runs one handler instance over what its consumer has on loan, in order, and
/// says what became of each message. One thread calls it; `running` may be
/// asked from any.
class handler_runner {
public:
  /// Sends settlements, one a queue partition. Their number is to come back in
  /// `on_settled` once they and all sent before are committed; 0 wants no
  /// answer.
  using sender =
    std::function<void(std::uint64_t number, std::vector<settlement>)>;

  /// Tells the time: what is done waits for a millisecond before it is sent,
  /// where more is at hand.
  using time_source = std::chrono::steady_clock::time_point (*)();

  /// Makes the instance. `of` must outlive the runner. Throws what the
  /// handler's constructor throws.
  handler_runner(
    const stage& of,
    sender send,
    time_source now = std::chrono::steady_clock::now);

  /// Handles a delivery and settles it. Returns why the handler must be
  /// replaced, where it threw: the message that ran is failed then, and those
  /// after it are not settled.
  std::optional<std::string> run(const std::vector<loaned_run>& delivery);

  /// Settlements up to `number` are committed.
  void on_settled(std::uint64_t number);

  /// Asks, from any thread, to give back every message not yet begun.
  void finish() { is_finishing_ = true; }

  /// Sends, from any thread, what is settled while a message still runs: what
  /// is done does not wait for one that takes long.
  void flush();

  struct running_message {
    position at = 0; // 0: none
    std::chrono::steady_clock::time_point since;
  };
  running_message running() const;

private:
  using clock = std::chrono::steady_clock;

  void run_one(handler& by, const loaned_run& run, std::uint32_t index);
  void run_batch(batch_handler& by, const std::vector<loaned_run>& delivery);
  bool may_start();
  bool is_held_back(const handling& x);
  void note(handling& x, const outcome& result);
  void crash(const handling& x, const std::string& text);
  void send();
  void send_if_due(clock::time_point now);
  void set_running(position at, clock::time_point since);

  const stage* stage_;
  sender send_;
  time_source now_;
  any_handler handler_;
  state_view view_;
  std::mutex lock_; // guards the next three
  settlement_builder builder_;
  std::uint64_t round_ = 1; // number of what the builder holds
  clock::time_point sent_;
  std::optional<std::string> crashed_;

  /// Keys whose message failed: what follows goes back, so that the failed
  /// message is handled first. By key: its place and its settlement's number.
  struct hold {
    position at;
    std::uint64_t number;
  };
  std::map<std::string, hold> held_;

  std::atomic<bool> is_finishing_ = false;
  std::atomic<position> running_at_ = 0;
  std::atomic<clock::time_point> running_since_;
};

} // namespace troupe
