#pragma once

#include <troupe/message.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// A small keyed store owned by one handler. Values belong to the message's
/// order key: a handler of an ordered queue sees, under the same name, another
/// value for each key. In a queue without order the stage must have one thread
/// (otherwise `context::state` throws), and there is one value a name.
///
/// Changes count from the moment the message is acked, together with the ack
/// and what the message emitted; any other outcome drops them.
class state {
public:
  virtual ~state() = default;

  /// Returns the value last put under `name`, or nothing.
  virtual std::optional<std::string> get(std::string_view name) = 0;
  virtual void put(std::string_view name, std::string value) = 0;
  virtual void erase(std::string_view name) = 0;
};

/// What a handler may ask of the engine while it runs. Good until the handler
/// returns; one thread only.
class context {
public:
  virtual ~context() = default;

  /// Publishes a message to the handler's output `output` (an empty name is
  /// its main output) when the message at hand is acked. Throws
  /// `std::invalid_argument` where the pipeline connects nothing to it.
  virtual void emit(std::string_view output, draft message) = 0;
  void emit(draft message) { emit({}, std::move(message)); }

  virtual troupe::state& state() = 0;

  /// Counts from 1: how often this message has been given to a handler.
  virtual std::uint32_t attempt() const = 0;

  /// When this message was published, by the node's wall clock.
  virtual std::chrono::system_clock::time_point published_at() const = 0;
};

} // namespace troupe
