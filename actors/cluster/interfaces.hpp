#pragma once

#include "actors/cluster/messages.hpp"
#include "actors/interfaces.hpp"

// Every actor that only a member of a cluster has, on one page.

namespace troupe {

/// Owns the store and writes for all groups, on a thread of its own.
using writer_actor = caf::typed_actor<
  caf::reacts_to<writer::write>,
  caf::reacts_to<writer::flush>,
  caf::reacts_to<writer::look>>;

/// Reads entries and cuts checkpoints, on a thread of its own.
using lookup_actor = caf::typed_actor<
  caf::reacts_to<lookup::read_entries>,
  caf::reacts_to<lookup::cut_piece>,
  caf::reacts_to<lookup::drop_views>,
  caf::reacts_to<lookup::tidy>,
  caf::reacts_to<lookup::recover_shards>,
  caf::reacts_to<lookup::find_orphans>>;

/// Holds this member's replicas of all groups. To queues it is the store.
using replicas_actor = caf::typed_actor<
  caf::reacts_to<replicas::begin>,
  // What queues ask of a store.
  caf::reacts_to<store::commit>,
  caf::reacts_to<store::flush>,
  caf::reacts_to<store::look>,
  caf::replies_to<store::define>::with<store::defined>,
  caf::reacts_to<store::drop>,
  // Answers of writer and reader.
  caf::reacts_to<replicas::written>,
  caf::reacts_to<replicas::entries_read>,
  caf::reacts_to<replicas::piece_cut>,
  caf::reacts_to<replicas::space>,
  // Of other members and the coordinator.
  caf::reacts_to<replicas::received>,
  caf::reacts_to<replicas::connected>,
  caf::reacts_to<replicas::disconnected>,
  caf::reacts_to<replicas::gone>,
  caf::reacts_to<replicas::record>,
  caf::reacts_to<replicas::swapped>,
  caf::reacts_to<replicas::move>,
  caf::reacts_to<replicas::ask_end>,
  // Of this member.
  caf::reacts_to<replicas::drained>,
  caf::reacts_to<replicas::tick>,
  caf::replies_to<replicas::stop>::with<replicas::stopped>,
  caf::replies_to<replicas::describe>::with<replicas::description>>;

/// Runs what belongs to the groups that this member leads: their queues, the
/// handlers behind them, their sources.
using hosting_actor = caf::typed_actor<
  caf::reacts_to<hosting::lead>,
  caf::reacts_to<hosting::drain>,
  caf::reacts_to<hosting::resume>,
  caf::reacts_to<hosting::lost>,
  caf::reacts_to<hosting::recovered>,
  caf::reacts_to<hosting::closed>,
  caf::reacts_to<hosting::queue_known>,
  caf::reacts_to<hosting::queue_gone>,
  caf::reacts_to<hosting::start_again>,
  // What deleted queues left; answers of the topology and the store.
  caf::reacts_to<hosting::sweep>,
  caf::reacts_to<hosting::orphans>,
  caf::reacts_to<edge::answered>,
  caf::reacts_to<queue::stored>,
  caf::replies_to<hosting::stop>::with<hosting::stopped>>;

/// Stands for one queue on one member: to all others it is the queue.
using gateway_actor = caf::typed_actor<
  // What a queue is asked.
  caf::reacts_to<queue::enqueue>,
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
  caf::reacts_to<queue::stored>,
  caf::reacts_to<queue::loaded>,
  caf::reacts_to<queue::recovered>,
  caf::reacts_to<queue::published>,
  caf::reacts_to<queue::wake>,
  caf::reacts_to<queue::retry>,
  caf::reacts_to<queue::act>,
  caf::replies_to<queue::describe>::with<queue::description>,
  caf::replies_to<queue::close>::with<queue::closed>,
  // Where its shards are.
  caf::reacts_to<gates::located>,
  caf::reacts_to<gates::shard_here>,
  caf::reacts_to<gates::try_again>,
  caf::reacts_to<gates::link_changed>,
  caf::reacts_to<gates::received>,
  // What shards on this member answer.
  caf::reacts_to<router::confirmed>,
  caf::reacts_to<consumer::deliver>,
  caf::reacts_to<edge::answered>,
  caf::reacts_to<edge::consumer_gone>>;

/// Stands for another member's gateway before a shard on this one.
using session_actor = caf::typed_actor<
  caf::reacts_to<gates::received>,
  caf::reacts_to<gates::ended>,
  // What the shard answers.
  caf::reacts_to<router::confirmed>,
  caf::reacts_to<consumer::deliver>,
  caf::reacts_to<edge::answered>,
  caf::reacts_to<edge::consumer_gone>>;

/// Knows where groups are led and which shards are here, for gateways here and
/// on other members.
using locator_actor = caf::typed_actor<
  caf::reacts_to<gates::attach>,
  caf::reacts_to<gates::leads>,
  caf::reacts_to<gates::find_here>,
  caf::reacts_to<gates::session_asked>,
  caf::reacts_to<gates::link_changed>,
  caf::reacts_to<gates::member_gone>,
  caf::reacts_to<directory::queue_up>>;

/// Registers this member, tells all of the others and of the groups' records,
/// and decides for the cluster while it is its turn.
using membership_actor = caf::typed_actor<
  caf::reacts_to<membership::swap>,
  caf::reacts_to<membership::read_record>,
  caf::reacts_to<membership::leader_wanted>,
  caf::reacts_to<membership::log_end>,
  caf::reacts_to<membership::unreachable>,
  caf::reacts_to<membership::told>,
  caf::reacts_to<membership::tick>>;

} // namespace troupe
