#pragma once

#include "engine/amqp/error.hpp"
#include "engine/base/clock.hpp"
#include "engine/delivery/queue_machine.hpp"
#include "engine/message/field_table.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// What an AMQP connection asks of the node behind it, and what comes back.
// The connection machine never waits: it lists requests among its actions and
// reads no further frames of its client until each is answered, so that what
// a client does on a channel takes effect in its order.

namespace troupe {
struct routed_queue;
struct user;
} // namespace troupe

namespace troupe::amqp {

using queue_ref = std::shared_ptr<const routed_queue>;

/// Names one consumer, or one channel's gets from one queue, within its
/// connection. Never given twice.
using consumer_number = std::uint64_t;

/// The name of the queue in which a delayed exchange's messages wait.
inline std::string delayed_queue_name(const std::string& exchange) {
  return "amq.troupe.delayed." + exchange;
}

/// The name of the queue that keeps an exchange's recent messages.
inline std::string history_queue_name(const std::string& exchange) {
  return "amq.troupe.history." + exchange;
}

// -- requests: each is answered by `on_answer`, in the order they were made

/// Checks who the client is. Answered by `logged_in` or `refused`.
struct login {
  std::string mechanism; // PLAIN, AMQPLAIN or EXTERNAL
  std::string name;      // EXTERNAL: the certificate's common name
  std::string password;  // empty with EXTERNAL
};

/// Answered by `done`, or `refused` (530) where it does not exist.
struct open_vhost {
  std::string vhost;
};

struct declare_exchange {
  std::string vhost;
  std::string name;
  std::string type;
  bool passive = false;
  bool durable = false;
  bool auto_delete = false;
  bool internal = false;
  field_table arguments;
};

struct delete_exchange {
  std::string vhost;
  std::string name;
  bool if_unused = false;
};

/// Binds or unbinds: `source` is always an exchange.
struct change_binding {
  std::string vhost;
  std::string source;
  std::string destination;
  bool to_queue = true; // or to an exchange
  bool adds = true;     // or removes
  std::string routing_key;
  field_table arguments;
};

/// Answered by `done` with the name and counts. An empty name asks for one of
/// the node's making.
struct declare_queue {
  std::string vhost;
  std::string name;
  bool passive = false;
  bool durable = false;
  bool exclusive = false;
  bool auto_delete = false;
  field_table arguments;
};

/// Answered by `done` with the count of messages that went with it.
struct delete_queue {
  std::string vhost;
  std::string name;
  bool if_unused = false;
  bool if_empty = false;
};

/// Answered by `done` with the count.
struct purge_queue {
  std::string vhost;
  std::string name;
};

/// Starts a consumer. Answered by `done`, or `refused` (403) where another
/// consumer has the queue for itself. Deliveries follow the answer.
struct subscribe {
  consumer_number consumer = 0;
  queue_ref queue;
  subscription what;      // its id is the queue's to give
  bool is_paused = false; // from the start, as by `pausing`
};

/// Takes one message. Answered by `got`. The consumer number stands for this
/// channel and queue; the first get makes it known to the queue.
struct get {
  consumer_number consumer = 0;
  queue_ref queue;
  bool no_ack = false;
};

/// Ends a consumer: nothing more is lent to it, and it keeps what it has on
/// loan. Answered by `done`, behind all that was lent before.
struct cancel {
  consumer_number consumer = 0;
  queue_ref queue;
};

using request = std::variant<
  login,
  open_vhost,
  declare_exchange,
  delete_exchange,
  change_binding,
  declare_queue,
  delete_queue,
  purge_queue,
  subscribe,
  cancel,
  get>;

// -- answers

struct done {
  std::string queue; // declare_queue: its name
  std::uint64_t messages = 0;
  std::uint64_t consumers = 0;
};

struct logged_in {
  std::shared_ptr<const user> who;
};

/// What was asked for is not to be had: the error a client gets.
struct refused {
  reply_code code = reply_code::internal_error;
  std::string text; // without the code's name
};

struct got {
  std::optional<loaned_run> run; // one message, or none
  std::uint64_t remaining = 0;
};

using answer = std::variant<done, logged_in, refused, got>;

// -- what needs no answer, or is answered elsewhere

/// A batch for one partition of a queue. `what.ticket` is the connection's;
/// `on_confirmed` returns it, in confirm mode or not: it is also the credit to
/// publish more.
struct publication {
  queue_ref to;
  publish what;
};

/// What became of messages on loan to a consumer.
struct settling {
  consumer_number consumer = 0;
  queue_ref queue;
  std::vector<settlement> what; // one a partition
};

/// The consumer takes so many messages at a time from now on; 0: any number.
struct credit_change {
  consumer_number consumer = 0;
  queue_ref queue;
  std::uint32_t credit = 0;
};

/// So many bytes lent to the consumer have left for the client.
struct written {
  consumer_number consumer = 0;
  queue_ref queue;
  std::uint64_t bytes = 0;
};

/// The consumer takes nothing for a while, whatever its credit, or again.
struct pausing {
  consumer_number consumer = 0;
  queue_ref queue;
  bool is_paused = false;
};

/// Nothing more is lent to the consumer. What it has on loan stays so.
struct cancelled {
  consumer_number consumer = 0;
  queue_ref queue;
};

/// The consumer is gone with its channel; what it has on loan goes back.
struct left {
  consumer_number consumer = 0;
  queue_ref queue;
  std::optional<failure> crash; // whose message ran when the client vanished
};

using notice = std::variant<
  publication,
  settling,
  credit_change,
  pausing,
  written,
  cancelled,
  left>;

/// Everything a connection wants done, in the order to do it.
struct connection_actions {
  std::string output; // bytes for the client
  std::vector<notice> notices;
  std::vector<request> requests; // at most one is open at a time
  bool closes = false;           // close the socket once the output is written
  bool drops = false;            // close it at once
};

// -- what a connection is told when it begins

enum class compatibility : std::uint8_t {
  strict,
  lenient,       // bears with old clients
  rabbitmq_3_13, // also goes by that name and version
};

struct connection_options {
  std::uint64_t id = 0;  // of this connection: owner of exclusive queues
  std::string node_name; // cluster_name among the server's properties
  std::string version;   // Troupe's own
  std::string peer;      // its address, for logs
  std::string local;     // "127.0.0.1:49512 -> 127.0.0.1:5672"
  bool peer_is_loopback = false;
  bool is_encrypted = false;
  std::string certificate_name; // for EXTERNAL; empty: none was shown
  compatibility compat = compatibility::lenient;
  std::uint16_t channel_max = 2047;
  std::uint32_t frame_max = 128 * 1024;
  std::uint16_t heartbeat = 60; // seconds
  std::uint64_t max_message_bytes = 16 * 1024 * 1024;
  /// Published and not confirmed: beyond, the connection is read no further.
  std::uint64_t publish_window_bytes = 8 * 1024 * 1024;
  /// Lent to one consumer and not yet on its way to the client.
  std::uint64_t consumer_window_bytes = 1024 * 1024;
  /// So long a client may keep a delivery unsettled, unless its consumer or
  /// queue says otherwise: RabbitMQ's usual time. None: as long as it likes.
  std::optional<duration> consumer_timeout = std::chrono::minutes{30};
  std::uint64_t random_seed = 0; // for names the connection makes up
};

} // namespace troupe::amqp
