#pragma once

#include "actors/client_messages.hpp"
#include "actors/queue_messages.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

// Every actor on one page: who answers what. Asks go one way: source and edge
// -> router -> queue -> store; what comes back is an answer.

namespace troupe {

/// Owns the store and writes for everybody, on a thread of its own.
using store_actor = caf::typed_actor<
  // Commits with whatever else is waiting.
  caf::reacts_to<store::commit>,
  caf::reacts_to<store::flush>,
  caf::reacts_to<store::look>,
  caf::replies_to<store::define>::with<store::defined>,
  caf::reacts_to<store::drop>>;

/// Reads from the store for everybody, on a thread of its own, so that nobody
/// who reads waits for an fsync.
using reader_actor =
  caf::typed_actor<caf::reacts_to<store::read>, caf::reacts_to<store::recover>>;

/// Holds one queue: a queue machine and the way to its store.
using queue_actor = caf::typed_actor<
  caf::reacts_to<queue::enqueue>,
  // The sender becomes a consumer; `consumer::deliver` follows.
  caf::reacts_to<queue::subscribe>,
  caf::reacts_to<queue::settle>,
  caf::reacts_to<queue::leave>,
  caf::reacts_to<queue::cancel>,
  caf::reacts_to<queue::grant>,
  caf::reacts_to<queue::pause>,
  caf::reacts_to<queue::written>,
  caf::reacts_to<queue::get>,
  caf::replies_to<queue::purge>::with<queue::purged>,
  caf::replies_to<queue::erase>::with<queue::erased>,
  // Answers of store, reader and router.
  caf::reacts_to<queue::stored>,
  caf::reacts_to<queue::loaded>,
  caf::reacts_to<queue::recovered>,
  caf::reacts_to<queue::published>,
  caf::reacts_to<queue::wake>,
  caf::reacts_to<queue::retry>,
  caf::reacts_to<queue::act>,
  // Tells figures.
  caf::replies_to<queue::describe>::with<queue::description>,
  // Writes checkpoints; answers when all is stored.
  caf::replies_to<queue::close>::with<queue::closed>>;

/// Knows which actor holds which queue, and tells who asks as that changes.
using directory_actor = caf::typed_actor<
  caf::reacts_to<directory::queue_up>,
  caf::reacts_to<directory::watch>,
  caf::replies_to<directory::list>::with<directory::listing>,
  caf::replies_to<directory::find>::with<directory::queue_up>>;

/// Takes what comes out of sources and handlers to its queues, and keeps it
/// until they have it safe.
using router_actor = caf::typed_actor<
  caf::reacts_to<router::publish_output>,
  caf::reacts_to<router::confirmed>,
  caf::reacts_to<router::queue_gone>,
  caf::reacts_to<directory::queue_up>>;

/// Hosts one handler instance on a thread of its own and settles for it.
using consumer_actor = caf::typed_actor<
  caf::reacts_to<directory::queue_up>,
  caf::reacts_to<consumer::deliver>,
  caf::reacts_to<consumer::settled>,
  caf::reacts_to<consumer::handled>,
  caf::reacts_to<consumer::crashed>,
  caf::reacts_to<consumer::finished>,
  caf::reacts_to<consumer::check>,
  caf::reacts_to<consumer::stop>>;

/// Sole writer of vhosts, exchanges, bindings and the queues that clients
/// declare; parent of these queues' actors. In a cluster one of them decides,
/// and the others ask it and hold a copy.
using topology_actor = caf::typed_actor<
  caf::reacts_to<broker::ask>,
  caf::reacts_to<broker::connection_gone>,
  caf::reacts_to<broker::queue_unused>,
  caf::reacts_to<directory::queue_up>,
  // In a cluster.
  caf::reacts_to<topology_messages::lead>,
  caf::reacts_to<topology_messages::follow>,
  caf::reacts_to<topology_messages::incoming>,
  caf::reacts_to<topology_messages::member_up>,
  caf::reacts_to<topology_messages::member_gone>,
  caf::reacts_to<topology_messages::committed>,
  caf::reacts_to<topology_messages::ask_gone>,
  caf::reacts_to<topology_messages::ask_again>,
  // Answers of the store.
  caf::reacts_to<queue::stored>>;

/// Brings a new binding of an exchange with a history what that has kept, as a
/// consumer of the queue that keeps it; then it ends.
using history_actor = caf::typed_actor<
  caf::replies_to<history::replay>::with<history::replayed>,
  caf::reacts_to<history::look>,
  // Answers of queues and routers.
  caf::reacts_to<edge::answered>,
  caf::reacts_to<edge::consumer_gone>,
  caf::reacts_to<consumer::deliver>,
  caf::reacts_to<router::confirmed>,
  caf::reacts_to<queue::published>>;

/// Checks logins, on a thread of its own: a password's hash takes its time.
using access_actor = caf::typed_actor<caf::reacts_to<access::check>>;

/// Holds one AMQP connection: its machine and the way to socket and queues.
using connection_actor = caf::typed_actor<
  caf::reacts_to<edge::received>,
  caf::reacts_to<edge::sent>,
  caf::reacts_to<edge::closed>,
  caf::reacts_to<edge::answered>,
  caf::reacts_to<edge::consumer_gone>,
  caf::reacts_to<edge::block>,
  caf::reacts_to<edge::close>,
  caf::reacts_to<edge::wake>,
  // Answers of queues and routers.
  caf::reacts_to<router::confirmed>,
  caf::reacts_to<queue::published>,
  caf::reacts_to<consumer::deliver>>;

/// Starts its children, starts them again when they fail, and gives up by its
/// policy when they fail too often.
using supervisor_actor = caf::typed_actor<
  caf::reacts_to<supervisor::wake>,
  caf::reacts_to<supervisor::stop>>;

/// Reads one source, on a thread of its own, and publishes what it reads while
/// its window of unconfirmed batches is open.
using source_actor = caf::typed_actor<
  caf::reacts_to<source::pull>,
  caf::reacts_to<queue::published>,
  caf::reacts_to<queue::stored>,
  caf::reacts_to<source::stop>>;

} // namespace troupe
