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
  caf::reacts_to<lookup::tidy>>;

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
  // Of other members and the coordinator.
  caf::reacts_to<replicas::received>,
  caf::reacts_to<replicas::connected>,
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
  caf::reacts_to<hosting::ended>,
  caf::reacts_to<hosting::stop>>;

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
