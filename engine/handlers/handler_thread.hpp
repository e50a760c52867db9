#pragma once

#include "engine/handlers/handler_runner.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>

namespace troupe {

/// A thread of its own for one consumer's handler, which may block as it
/// likes. The owner never waits for it: a thread that hangs is abandoned.
class handler_thread {
public:
  struct events {
    handler_runner::sender settle;
    /// The handler threw, in its constructor or while it ran. The thread ends.
    std::function<void(std::string text)> crashed;
    /// What was asked with `finish` is done. The thread ends.
    std::function<void()> finished;
  };

  /// Starts the thread. The events are called from it.
  handler_thread(std::shared_ptr<const stage> of, events report);

  /// Lets the thread end after what it is doing; its reports are dropped from
  /// now on.
  ~handler_thread();

  handler_thread(const handler_thread&) = delete;
  handler_thread& operator=(const handler_thread&) = delete;

  void run(std::vector<loaned_run> delivery);
  void on_settled(std::uint64_t number);

  /// Lets the message at hand be handled, and gives back all others.
  void finish();
  handler_runner::running_message running() const;

  /// True while there is a delivery that is not handled to its end.
  bool is_busy() const;

  /// Sends what is settled so far.
  void flush();

  /// Returns how many threads of the process were abandoned and still run.
  static std::size_t abandoned();

private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

} // namespace troupe
