#pragma once

#include "actors/interfaces.hpp"
#include "engine/handlers/handler_thread.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <optional>
#include <string>

namespace troupe {

/// What a consumer is started with.
struct consumer_options {
  std::shared_ptr<const stage> of;
  std::string queue;
  std::uint32_t prefetch = 256;
  duration timeout{0}; // of one message; 0: never
  retry_policy retry;
  std::string dead_output;
};

/// The shell of one handler thread: subscribes to the queue, passes deliveries
/// to the thread and settlements back, and ends when the handler threw or took
/// too long. A supervisor starts the next one.
class consumer_state {
public:
  static inline const char* name = "consumer";

  consumer_actor::behavior_type handlers(
    consumer_actor::stateful_pointer<consumer_state> self,
    directory_actor directory,
    consumer_options options);

private:
  using self_pointer = consumer_actor::stateful_pointer<consumer_state>;

  void start_thread();
  void queue_up(const directory::queue_up& msg);
  void queue_down();
  void deliver(consumer::deliver& msg);
  void handled(consumer::handled& msg);
  void crashed(const consumer::crashed& msg);
  void finished();
  void check_later();
  void check();
  void abandon(position running);
  void stop();
  void leave(const std::optional<failure>& crash);

  self_pointer self_ = nullptr;
  consumer_options options_;
  queue_actor queue_;
  std::optional<handler_thread> thread_;
  bool is_checking_ = false;
};

consumer_actor::behavior_type run_consumer(
  consumer_actor::stateful_pointer<consumer_state> self,
  directory_actor directory,
  consumer_options options);

} // namespace troupe
