#pragma once

#include "actors/local_message.hpp"
#include "engine/amqp/broker.hpp"
#include "engine/routing/binding.hpp"

#include <caf/actor_control_block.hpp>

#include <cstdint>
#include <string>

// Messages to those who serve AMQP clients, by the actor that takes them.

namespace troupe::broker {

/// Asks for a change, or for what it takes to begin. Answered to the sender by
/// `edge::answered` once it is stored.
struct ask {
  std::uint64_t connection = 0;
  amqp::request what;
};

/// A connection has ended; its exclusive queues go.
struct connection_gone {
  std::uint64_t connection = 0;
};

/// A queue was not used for as long as it may, or its last consumer left.
struct queue_unused {
  queue_id which{};
  bool only_if_unused = true; // look again before it goes
};

} // namespace troupe::broker

namespace troupe::topology_messages {

/// The receiving member leads the topology from now on, in a later epoch than
/// whoever did before.
struct lead {
  std::uint64_t epoch = 0;
};

/// Another member leads, or nobody known.
struct follow {
  std::uint16_t leader = 0; // 0: unknown
};

/// Bytes for another member's topology; at most once, in order.
struct outgoing {
  std::uint16_t to = 0; // 0: every other member
  std::string bytes;
};

/// What another member's topology sent as `outgoing`.
struct incoming {
  std::uint16_t from = 0;
  std::string bytes;
};

/// A link to a member works, anew where it did before.
struct member_up {
  std::uint16_t member = 0;
};

/// A member has stopped or lost its place, and its connections with it. To be
/// told to every member, also when it is there again at once.
struct member_gone {
  std::uint16_t member = 0;
};

/// The store has committed what was sent in an epoch's name. From the
/// topology to itself.
struct committed {
  std::uint64_t epoch = 0;
};

/// Asks whether a queue that clients declared is gone for good, so that what
/// it stored can be erased. Answered by `edge::answered`: `amqp::done` with one
/// message where it is, with none where it is not, or nobody can tell.
struct ask_gone {
  queue_id which{};
};

/// Asks again what the leader has not answered. From the topology to itself.
struct ask_again {};

} // namespace troupe::topology_messages

namespace troupe::history {

/// Publishes what a queue keeps to where a new binding leads. Answered by
/// `replayed` once that is as safe as the queues there promise, or nothing has
/// moved for too long.
struct replay {
  caf::strong_actor_ptr from; // the queue
  std::string vhost;
  binding added;
};

struct replayed {
  std::uint64_t messages = 0;
};

/// Gives up if nothing has happened since.
struct look {
  std::uint64_t step = 0;
};

} // namespace troupe::history

namespace troupe::access {

/// Checks a login; answered by `edge::answered`.
struct check {
  amqp::login what;
  bool is_loopback = false;
};

} // namespace troupe::access

namespace troupe::edge {

/// From the socket.
struct received {
  std::string bytes;
  bool has_paused = false; // too much is unread: resume once it is taken
};

/// So many bytes have been written since the start.
struct sent {
  std::uint64_t total = 0;
};

/// The socket is closed.
struct closed {
  std::string why;
};

/// Answers the connection's oldest request.
struct answered {
  amqp::answer what;
  std::uint64_t consumer = 0; // where a queue answers: whom it was asked for
};

/// A consumer's queue is gone.
struct consumer_gone {
  std::uint64_t consumer = 0;
};

/// Publishers have to wait; an empty reason: no more.
struct block {
  std::string reason;
};

/// Closes the connection with a reply code.
struct close {
  std::uint16_t code = 0;
  std::string text;
};

struct wake {
  std::uint64_t generation = 0;
};

} // namespace troupe::edge

TROUPE_LOCAL(broker::ask)
TROUPE_LOCAL(broker::connection_gone)
TROUPE_LOCAL(broker::queue_unused)
TROUPE_LOCAL(topology_messages::lead)
TROUPE_LOCAL(topology_messages::follow)
TROUPE_LOCAL(topology_messages::outgoing)
TROUPE_LOCAL(topology_messages::incoming)
TROUPE_LOCAL(topology_messages::member_up)
TROUPE_LOCAL(topology_messages::member_gone)
TROUPE_LOCAL(topology_messages::committed)
TROUPE_LOCAL(topology_messages::ask_gone)
TROUPE_LOCAL(topology_messages::ask_again)
TROUPE_LOCAL(history::replay)
TROUPE_LOCAL(history::replayed)
TROUPE_LOCAL(history::look)
TROUPE_LOCAL(access::check)
TROUPE_LOCAL(edge::received)
TROUPE_LOCAL(edge::sent)
TROUPE_LOCAL(edge::closed)
TROUPE_LOCAL(edge::answered)
TROUPE_LOCAL(edge::consumer_gone)
TROUPE_LOCAL(edge::block)
TROUPE_LOCAL(edge::close)
TROUPE_LOCAL(edge::wake)
