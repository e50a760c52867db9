#pragma once

#include "engine/delivery/queue_machine.hpp"
#include "engine/store/log_store.hpp"

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>
#include <caf/make_message.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

// Every message between actors, by the actor that takes it. None leaves the
// process, so they carry pointers and are never serialised.

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
};

/// What became of messages on loan to the sender. Answered by
/// `consumer::settled` with the number, where it is not 0, once all of it and
/// all sent before is committed.
struct settle {
  std::uint64_t number = 0;
  std::vector<settlement> what;
};

/// The sender will not settle anything more.
struct leave {
  std::optional<failure> crash;
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
struct describe {};

struct description {
  queue_figures figures;
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
};

} // namespace troupe::router

namespace troupe::consumer {

struct deliver {
  std::vector<loaned_run> runs;
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

#define TROUPE_LOCAL(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::type)

TROUPE_LOCAL(store::commit)
TROUPE_LOCAL(store::flush)
TROUPE_LOCAL(store::look)
TROUPE_LOCAL(store::read)
TROUPE_LOCAL(store::recover)
TROUPE_LOCAL(queue::enqueue)
TROUPE_LOCAL(queue::subscribe)
TROUPE_LOCAL(queue::settle)
TROUPE_LOCAL(queue::leave)
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
