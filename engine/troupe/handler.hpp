#pragma once

#include <troupe/context.hpp>
#include <troupe/message.hpp>
#include <troupe/outcome.hpp>

#include <span>

namespace troupe {

/// Handles messages one at a time. Each consumer has an instance of its own,
/// called from one thread, which may block.
///
/// An exception crashes the consumer: the message is charged one attempt, what
/// else it held goes back to its place, and a fresh instance takes over.
class handler {
public:
  virtual ~handler() = default;
  virtual outcome handle(const message& message, context& context) = 0;
};

/// One message of a batch: what it says, what it may ask, what became of it.
struct work {
  const troupe::message& message;
  troupe::context& context;
  outcome result = ack();
};

/// Handles what came in together, at most 256 messages, in order. Set `result`
/// where it is not `ack()`. An exception fails all of them; they come back one
/// by one, so that the next blames the one at fault.
class batch_handler {
public:
  virtual ~batch_handler() = default;
  virtual void handle_batch(std::span<work> batch) = 0;
};

} // namespace troupe
