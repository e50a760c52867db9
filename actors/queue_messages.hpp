#pragma once

#include "actors/local_message.hpp"
#include "engine/amqp/broker.hpp"
#include "engine/delivery/queue_machine.hpp"
#include "engine/store/log_store.hpp"
#include "engine/store/queue_record.hpp"

#include <caf/actor_control_block.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Messages to those who move messages from source to handler, by the actor that
// takes them.

namespace troupe::store {

/// Commits with whatever else is waiting: one write, one fsync. Answered to
/// the sender by `queue::stored` once it is done.
struct commit {
  commit_request what;
  std::vector<std::uint16_t> partitions; // of each append
};

/// Does the write for all commits gathered so far.
struct flush {};

/// Looks how much room the disk has.
struct look {};

/// Gives a durable queue its id, by its full name. Answered by `defined`.
struct define {
  std::string queue;
  std::uint16_t partitions = 1;
};

struct defined {
  queue_record queue;
  error failure; // `none`: it went well
};

/// Forgets a queue's id; its entries go by themselves.
struct drop {
  std::string queue;
};

/// Reads a publish entry back; answered by `queue::loaded`.
struct read {
  log_place from;
  std::uint16_t partition = 0;
  position first = 0;
};

/// Builds a queue's machine from what is stored; answered by
/// `queue::recovered`.
struct recover {
  queue_options options;
  std::optional<group_id> group; // of a shard: what lies in this one alone
};

} // namespace troupe::store

namespace troupe::queue {

/// Publishes batches to this queue. Answered by `router::confirmed` for each
/// ticket once the messages are as safe as the queue promises.
struct enqueue {
  std::vector<publish> what;
};

struct subscribe {
  subscription what; // id is given by the queue; the sender is the consumer
  /// A sender with several consumers numbers them; it is told by
  /// `edge::answered` whether the queue takes it. 0: the only one.
  std::uint64_t consumer = 0;
  bool is_paused = false; // until `pause` says otherwise
};

/// What became of messages on loan to the sender. Answered by
/// `consumer::settled` with the number, where it is not 0, once all of it and
/// all sent before is committed.
struct settle {
  std::uint64_t number = 0;
  std::vector<settlement> what;
  std::uint64_t consumer = 0; // the sender's number of it
};

/// The sender will not settle anything more.
struct leave {
  std::optional<failure> crash;
  std::uint64_t consumer = 0;
};

/// Nothing more is to be lent to the consumer; what it has it keeps. Where
/// `answers`, `edge::answered` follows what was lent before.
struct cancel {
  std::uint64_t consumer = 0;
  bool answers = false;
};

/// The consumer takes nothing for a while, or again.
struct pause {
  std::uint64_t consumer = 0;
  bool is_paused = false;
};

/// The consumer takes so many messages at a time; 0: any number.
struct grant {
  std::uint64_t consumer = 0;
  std::uint32_t credit = 0;
};

/// So many bytes lent to the consumer have left for its client.
struct written {
  std::uint64_t consumer = 0;
  std::uint64_t bytes = 0;
};

/// Takes one message, under a number as `subscribe` has; answered by
/// `edge::answered` with `amqp::got`.
struct get {
  std::uint64_t consumer = 0;
  bool no_ack = false;
};

/// Drops all that is ready.
struct purge {};

struct purged {
  std::uint64_t messages = 0;
};

/// Ends the queue for good: its consumers are told, what it has stored is
/// erased, the actor ends. A condition that does not hold prevents it.
struct erase {
  bool if_unused = false;
  bool if_empty = false;
};

struct erased {
  enum class verdict { done, in_use, not_empty } what{};
  std::uint64_t messages = 0; // ready, that went with it
};

struct stored {
  std::vector<std::pair<std::uint16_t, log_index>> what; // partition, index
};

struct loaded {
  std::uint16_t partition = 0;
  position first = 0;
  batch_ptr messages; // null: it is not there any more
};

struct recovered {
  std::shared_ptr<queue_machine> machine;
};

/// The emission sent under `ticket` is safe where it went.
struct published {
  std::uint64_t ticket = 0;
};

/// Retries may be due.
struct wake {
  std::uint64_t generation = 0;
};

/// Carries out what the messages before this one brought about.
struct act {};

/// The disk may have room again.
struct retry {};

/// Asks for figures.
struct describe {
  bool is_use = false; // keeps a queue that expires when nobody uses it
};

struct description {
  queue_figures figures;
  queue_options options;
};

/// Writes checkpoints and answers once they and all before are stored.
struct close {};

struct closed {};

} // namespace troupe::queue

namespace troupe::directory {

/// A queue is ready. The sender is its actor.
struct queue_up {
  std::string name;
  caf::strong_actor_ptr where;
};

/// Asks for one queue; fails with `not_found` while it is not ready.
struct find {
  std::string name;
};

/// The sender wants to know each queue that is ready, now and later.
struct watch {};

/// Asks for all that are ready.
struct list {};

struct listing {
  std::vector<queue_up> queues; // by name
};

} // namespace troupe::directory

namespace troupe::router {

/// Publishes messages that came out of `output`. Answered by
/// `queue::published` with the ticket once they are safe wherever they went.
struct publish_output {
  std::uint64_t ticket = 0;
  std::string output;
  std::string publisher;
  std::vector<std::uint64_t> sequences;
  batch_ptr messages;
};

struct confirmed {
  std::vector<std::uint64_t> tickets;
  /// Of these, tickets with messages the queue did not take, and which.
  std::map<std::uint64_t, std::vector<std::uint32_t>> refused;
};

/// A queue was deleted: what was meant for it is dropped.
struct queue_gone {
  std::string name;
};

} // namespace troupe::router

namespace troupe::consumer {

struct deliver {
  std::vector<loaned_run> runs;
  std::uint64_t consumer = 0; // the receiver's number of it
};

/// Settlements up to `number` are committed.
struct settled {
  std::uint64_t number = 0;
};

/// From the handler's thread.
struct handled {
  std::uint64_t number = 0;
  std::vector<settlement> what;
};

struct crashed {
  std::string text;
};

struct finished {};

/// Looks whether the handler runs too long.
struct check {};

/// Finishes what the handler is doing, gives the rest back and ends.
struct stop {};

} // namespace troupe::consumer

namespace troupe::source {

/// Reads on, as far as the window allows.
struct pull {};

/// Stops reading; what was read and is not confirmed comes again next time.
struct stop {};

} // namespace troupe::source

namespace troupe::supervisor {

/// Restarts may be due.
struct wake {};

/// Ends all children, then itself.
struct stop {};

} // namespace troupe::supervisor

TROUPE_LOCAL(store::commit)
TROUPE_LOCAL(store::flush)
TROUPE_LOCAL(store::look)
TROUPE_LOCAL(store::define)
TROUPE_LOCAL(store::defined)
TROUPE_LOCAL(store::drop)
TROUPE_LOCAL(store::read)
TROUPE_LOCAL(store::recover)
TROUPE_LOCAL(queue::enqueue)
TROUPE_LOCAL(queue::subscribe)
TROUPE_LOCAL(queue::settle)
TROUPE_LOCAL(queue::leave)
TROUPE_LOCAL(queue::cancel)
TROUPE_LOCAL(queue::grant)
TROUPE_LOCAL(queue::pause)
TROUPE_LOCAL(queue::written)
TROUPE_LOCAL(queue::get)
TROUPE_LOCAL(queue::purge)
TROUPE_LOCAL(queue::purged)
TROUPE_LOCAL(queue::erase)
TROUPE_LOCAL(queue::erased)
TROUPE_LOCAL(queue::stored)
TROUPE_LOCAL(queue::loaded)
TROUPE_LOCAL(queue::recovered)
TROUPE_LOCAL(queue::published)
TROUPE_LOCAL(queue::wake)
TROUPE_LOCAL(queue::act)
TROUPE_LOCAL(queue::retry)
TROUPE_LOCAL(queue::describe)
TROUPE_LOCAL(queue::description)
TROUPE_LOCAL(queue::close)
TROUPE_LOCAL(queue::closed)
TROUPE_LOCAL(directory::queue_up)
TROUPE_LOCAL(directory::find)
TROUPE_LOCAL(directory::watch)
TROUPE_LOCAL(directory::list)
TROUPE_LOCAL(directory::listing)
TROUPE_LOCAL(router::queue_gone)
TROUPE_LOCAL(router::publish_output)
TROUPE_LOCAL(router::confirmed)
TROUPE_LOCAL(consumer::deliver)
TROUPE_LOCAL(consumer::settled)
TROUPE_LOCAL(consumer::handled)
TROUPE_LOCAL(consumer::crashed)
TROUPE_LOCAL(consumer::finished)
TROUPE_LOCAL(consumer::check)
TROUPE_LOCAL(consumer::stop)
TROUPE_LOCAL(source::pull)
TROUPE_LOCAL(source::stop)
TROUPE_LOCAL(supervisor::wake)
TROUPE_LOCAL(supervisor::stop)
