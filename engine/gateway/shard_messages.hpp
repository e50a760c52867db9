#pragma once

#include "engine/amqp/broker.hpp"
#include "engine/delivery/queue_events.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

// What a queue's gateway asks of a shard and what comes back: the messages of
// a queue's actor, with numbers of the gateway's in the place of senders. Over
// one session they arrive in order and once, or the session ends.

namespace troupe::gateway {

/// Names one consumer, or one getter, of a gateway. Never 0, never given twice.
using consumer_number = std::uint64_t;

// -- requests

/// Answered by `confirmed` for each ticket.
struct enqueue {
  std::vector<publish> what;
};

/// Answered by `answered` with `amqp::done` or `amqp::refused`.
struct subscribe {
  consumer_number consumer = 0;
  subscription what; // its id is the shard's to give
  bool is_paused = false;
};

struct settle {
  consumer_number consumer = 0;
  std::vector<settlement> what;
};

struct leave {
  consumer_number consumer = 0;
  std::optional<failure> crash;
};

/// Where `answers`, `answered` follows with `amqp::done`.
struct cancel {
  consumer_number consumer = 0;
  bool answers = false;
};

struct grant {
  consumer_number consumer = 0;
  std::uint32_t credit = 0; // 0: any number
};

struct pause {
  consumer_number consumer = 0;
  bool is_paused = false;
};

struct written {
  consumer_number consumer = 0;
  std::uint64_t bytes = 0;
};

/// Answered by `answered` with `amqp::got`. The first of a number makes it
/// known as a getter.
struct get {
  consumer_number consumer = 0;
  bool no_ack = false;
};

/// Answered by `purged` with the number, as are the others.
struct purge {
  std::uint64_t number = 0;
};

struct erase {
  std::uint64_t number = 0;
  bool if_unused = false;
  bool if_empty = false;
};

struct describe {
  std::uint64_t number = 0;
  bool is_use = false;
};

using shard_request = std::variant<
  enqueue,
  subscribe,
  settle,
  leave,
  cancel,
  grant,
  pause,
  written,
  get,
  purge,
  erase,
  describe>;

// -- replies

struct confirmed {
  std::vector<std::uint64_t> tickets;
  /// Of these, tickets with messages that were not taken, and which.
  std::map<std::uint64_t, std::vector<std::uint32_t>> refused;
};

struct deliver {
  consumer_number consumer = 0;
  std::vector<loaned_run> runs;
};

struct answered {
  consumer_number consumer = 0;
  amqp::answer what; // done, refused or got
};

/// The consumer's queue is gone, or has no place for it any more.
struct consumer_gone {
  consumer_number consumer = 0;
};

struct purged {
  std::uint64_t number = 0;
  std::uint64_t messages = 0;
};

struct erased {
  enum class verdict : std::uint8_t { done, in_use, not_empty };
  std::uint64_t number = 0;
  verdict what{};
  std::uint64_t messages = 0; // ready, that went with it
};

struct described {
  std::uint64_t number = 0;
  queue_figures figures;
};

using shard_reply = std::variant<
  confirmed,
  deliver,
  answered,
  consumer_gone,
  purged,
  erased,
  described>;

} // namespace troupe::gateway
