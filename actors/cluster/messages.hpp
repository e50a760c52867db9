#pragma once

#include "actors/client_messages.hpp"
#include "actors/queue_messages.hpp"
#include "engine/cluster/choose_leader.hpp"
#include "engine/cluster/handling_gate.hpp"
#include "engine/cluster/replica_actions.hpp"
#include "engine/replication/group_replica.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Every message between the actors of a cluster's member, by the actor that
// takes it. None leaves the process.

namespace troupe::writer {

/// Commits jobs of groups with whatever else is waiting, in order. Answered
/// by `replicas::written`.
struct write {
  std::vector<std::pair<group_id, write_job>> jobs;
};

/// Does it for all that has gathered.
struct flush {};

struct look {};

} // namespace troupe::writer

namespace troupe::lookup {

/// Reads entries; answered by `replicas::entries_read`.
struct read_entries {
  group_id group{};
  read_job what;
};

/// Cuts a piece of a checkpoint; answered by `replicas::piece_cut`.
struct cut_piece {
  group_id group{};
  piece_job what;
};

/// This member does not lead the group any more.
struct drop_views {
  group_id group{};
};

/// Drops views that nobody asks for.
struct tidy {};

/// Builds the machines of what queues have in a group; answered by
/// `hosting::recovered`.
struct recover_shards {
  group_id group{};
  std::uint64_t epoch = 0;
  std::vector<queue_options> queues;
};

/// Looks for committed entries of queues that are gone; answered by
/// `hosting::orphans`.
struct find_orphans {
  group_id group{};
  std::uint64_t epoch = 0;
  std::vector<queue_id> queues;
};

} // namespace troupe::lookup

namespace troupe::replicas {

/// Starts a member's part in its groups: told once, before anything else.
struct begin {
  caf::strong_actor_ptr membership;
  caf::strong_actor_ptr hosting;
};

struct written {
  std::vector<std::pair<group_id, std::uint64_t>> jobs; // their numbers
};

struct entries_read {
  group_id group{};
  std::uint64_t number = 0;
  std::vector<log_store::raw_entry> entries;
};

struct piece_cut {
  group_id group{};
  std::uint64_t number = 0;
  piece_answer what;
};

/// A message of another member's replica.
struct received {
  cluster::member_id from{};
  std::string bytes;
};

/// A link to a member works, after none did.
struct connected {
  cluster::member_id to{};
};

/// No link to a member works any more.
struct disconnected {
  cluster::member_id from{};
};

/// It did not come back at once.
struct gone {
  cluster::member_id who{};
  std::uint64_t since = 0; // counts the changes of its link
};

/// A group's record as the coordinator has it.
struct record {
  group_id group{};
  cluster::group_record what;
  cluster::revision_number revision = 0;
};

/// What became of a swap that a group asked for.
struct swapped {
  enum class outcome : std::uint8_t { done, conflict, unknown } how{};
  group_id group{};
  std::uint64_t number = 0;
  cluster::revision_number revision = 0;
  cluster::group_record current; // with `conflict`
};

/// The disk is nearly full, or has room again.
struct space {
  bool has_space = true;
};

/// Gives a group to another member, once handlers have come to a stop.
struct move {
  group_id group{};
  cluster::member_id to{};
};

/// No handler of the group runs any more and what they settled is stored.
struct drained {
  group_id group{};
};

/// Asks for the end of a group's log; answered by `membership::log_end`.
struct ask_end {
  group_id group{};
  cluster::member_id by{};
};

struct tick {};

/// Notes that all is on disk, and gives groups away at once. Answered by
/// `stopped`.
struct stop {};

struct stopped {};

/// Asks how all groups stand.
struct describe {};

struct group_state {
  group_id group{};
  cluster::replica_role role{};
  std::uint64_t epoch = 0;
  log_index last = 0;
  log_index committed = 0;
};

struct description {
  std::vector<group_state> groups;
};

} // namespace troupe::replicas

namespace troupe::hosting {

/// This member leads a group, and what is committed so far can be read.
struct lead {
  group_id group{};
  std::uint64_t epoch = 0;
  std::shared_ptr<const cluster::handling_gate> gate;
};

/// The group is to be given away: handlers are to come to a stop. Answered by
/// `replicas::drained`.
struct drain {
  group_id group{};
};

/// It is not given away after all.
struct resume {
  group_id group{};
};

struct lost {
  group_id group{};
};

/// Queues of one group were read from the store.
struct recovered {
  group_id group{};
  std::uint64_t epoch = 0;
  std::vector<std::shared_ptr<queue_machine>> machines;
  /// Other queues with entries in the group.
  std::vector<queue_id> strangers = {};
};

/// Looks what deleted queues left in a group.
struct sweep {
  group_id group{};
  std::uint64_t epoch = 0;
};

/// Entries of queues that are gone.
struct orphans {
  group_id group{};
  std::uint64_t epoch = 0;
  std::vector<log_index> entries;
  bool is_all = true;
};

/// A queue that clients declared is there, or was configured.
struct queue_known {
  queue_options options;
  std::optional<duration> expires; // when unused for so long
  bool auto_delete = false;
};

/// A queue is deleted.
struct queue_gone {
  std::string queue; // full name
};

/// All shards of a group were told to write what they have, and have.
struct closed {
  group_id group{};
  std::uint64_t epoch = 0;
  std::uint64_t drain = 0; // of how many in this epoch
};

/// Brings all handlers and sources to a stop, and has queues write what they
/// have. Answered by `stopped`.
struct stop {};

struct stopped {};

/// Starts again what failed.
struct start_again {
  std::string shard;
};

} // namespace troupe::hosting

namespace troupe::gates {

/// The sender is the gateway of a queue that lies in these groups: it is told
/// `located` of each, now and whenever that changes.
struct attach {
  std::string queue; // full name
  std::vector<group_id> groups;
};

/// A group's leader, who may be nobody.
struct leads {
  group_id group{};
  cluster::member_id leader{};
};

/// Asks for a shard that is on this member; answered by `shard_here` once it
/// is up.
struct find_here {
  std::string queue;
  group_id group{};
};

/// Another member's gateway begins a session.
struct session_asked {
  cluster::member_id from{};
  std::string bytes; // a `gateway::shard_frame`
};

/// The link to a member works again, or broke: sessions with it are over.
struct link_changed {
  cluster::member_id to{};
  bool is_up = false;
};

/// A member has stopped, or lost its place: its gateways are no more.
struct member_gone {
  cluster::member_id who{};
};

// -- to gateways and sessions

struct located {
  group_id group{};
  cluster::member_id leader{};
};

struct shard_here {
  group_id group{};
  caf::strong_actor_ptr where;
};

/// A frame of the other end.
struct received {
  cluster::member_id from{};
  std::string bytes;
};

struct try_again {
  group_id group{};
  std::uint64_t session = 0;
};

/// The session is over.
struct ended {};

} // namespace troupe::gates

namespace troupe::membership {

/// Wants a group's record changed; answered by `replicas::swapped`.
struct swap {
  group_id group{};
  cluster::compare_and_swap what;
};

/// Reads a group's record anew; answered by `replicas::record`.
struct read_record {
  group_id group{};
};

/// A group needs a leader.
struct leader_wanted {
  group_id group{};
  cluster::epoch_number epoch = 0;
  cluster::member_id by{};
};

struct log_end {
  group_id group{};
  cluster::log_answer what;
};

/// A member cannot be reached from another one.
struct unreachable {
  cluster::member_id by{};
  cluster::member_id about{};
};

/// The coordinator told something: run on the actor.
struct told {
  std::function<void()> what;
};

struct tick {};

} // namespace troupe::membership

TROUPE_LOCAL(writer::write)
TROUPE_LOCAL(writer::flush)
TROUPE_LOCAL(writer::look)
TROUPE_LOCAL(lookup::read_entries)
TROUPE_LOCAL(lookup::cut_piece)
TROUPE_LOCAL(lookup::drop_views)
TROUPE_LOCAL(lookup::tidy)
TROUPE_LOCAL(lookup::recover_shards)
TROUPE_LOCAL(lookup::find_orphans)
TROUPE_LOCAL(replicas::begin)
TROUPE_LOCAL(replicas::written)
TROUPE_LOCAL(replicas::entries_read)
TROUPE_LOCAL(replicas::piece_cut)
TROUPE_LOCAL(replicas::received)
TROUPE_LOCAL(replicas::connected)
TROUPE_LOCAL(replicas::disconnected)
TROUPE_LOCAL(replicas::gone)
TROUPE_LOCAL(replicas::record)
TROUPE_LOCAL(replicas::swapped)
TROUPE_LOCAL(replicas::space)
TROUPE_LOCAL(replicas::move)
TROUPE_LOCAL(replicas::drained)
TROUPE_LOCAL(replicas::ask_end)
TROUPE_LOCAL(replicas::tick)
TROUPE_LOCAL(replicas::stop)
TROUPE_LOCAL(replicas::stopped)
TROUPE_LOCAL(replicas::describe)
TROUPE_LOCAL(replicas::description)
TROUPE_LOCAL(hosting::lead)
TROUPE_LOCAL(hosting::drain)
TROUPE_LOCAL(hosting::resume)
TROUPE_LOCAL(hosting::lost)
TROUPE_LOCAL(hosting::recovered)
TROUPE_LOCAL(hosting::queue_known)
TROUPE_LOCAL(hosting::queue_gone)
TROUPE_LOCAL(hosting::closed)
TROUPE_LOCAL(hosting::stopped)
TROUPE_LOCAL(hosting::start_again)
TROUPE_LOCAL(hosting::sweep)
TROUPE_LOCAL(hosting::orphans)
TROUPE_LOCAL(hosting::stop)
TROUPE_LOCAL(gates::attach)
TROUPE_LOCAL(gates::leads)
TROUPE_LOCAL(gates::find_here)
TROUPE_LOCAL(gates::session_asked)
TROUPE_LOCAL(gates::link_changed)
TROUPE_LOCAL(gates::member_gone)
TROUPE_LOCAL(gates::located)
TROUPE_LOCAL(gates::shard_here)
TROUPE_LOCAL(gates::received)
TROUPE_LOCAL(gates::try_again)
TROUPE_LOCAL(gates::ended)
TROUPE_LOCAL(membership::swap)
TROUPE_LOCAL(membership::read_record)
TROUPE_LOCAL(membership::leader_wanted)
TROUPE_LOCAL(membership::log_end)
TROUPE_LOCAL(membership::unreachable)
TROUPE_LOCAL(membership::told)
TROUPE_LOCAL(membership::tick)
