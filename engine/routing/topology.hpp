#pragma once

#include "engine/base/result.hpp"
#include "engine/routing/binding.hpp"
#include "engine/routing/binding_index.hpp"
#include "engine/routing/declarations.hpp"
#include "engine/routing/exchange.hpp"
#include "engine/routing/new_queue.hpp"
#include "engine/routing/refusal.hpp"
#include "engine/routing/routed_queue.hpp"
#include "engine/routing/routing_snapshot.hpp"
#include "engine/routing/topology_record.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe {

/// What an operation did.
struct topology_change {
  bool is_new = false;    // what was declared or bound was not there before
  routed_queue_ptr queue; // declare_queue: the queue, new or not

  /// To be kept, all or none, before anybody is told. Only durable things.
  std::vector<topology_record> records;

  /// The same of everything, in the order to follow them: for other members.
  std::vector<topology_record> shared;

  // Everything that went, also what went along with it.
  std::vector<exchange_ptr> exchanges_gone;
  std::vector<routed_queue_ptr> queues_gone;
  std::vector<std::pair<std::string, binding_ptr>> bindings_gone; // by vhost
};

/// What an exchange's removal depends on.
enum class removal : std::uint8_t { always, if_unused };

/// Holds the exchanges, queues and bindings of all vhosts and decides what may
/// be declared. Has one owner; everybody else routes by its snapshots.
///
/// `connection` says who asks, for exclusive queues; 0 is no connection.
/// Whether the user may, is asked before. Names come without CR and LF. A
/// vhost that is not there is refused as `not_allowed`.
class topology {
public:
  topology();

  /// Returns everything as it is now; made anew by each change.
  std::shared_ptr<const routing_snapshot> snapshot() const { return now_; }

  // -- vhosts: each begins with AMQP's own exchanges

  topology_change add_vhost(const std::string& name);
  topology_change drop_vhost(const std::string& name);

  // -- exchanges

  permitted<topology_change> declare_exchange(
    const std::string& vhost, const exchange_declaration& declared);

  /// Finds an exchange, as a passive declaration does.
  permitted<exchange_ptr>
  find_exchange(const std::string& vhost, const std::string& name) const;

  /// One that is not there is as good as deleted.
  permitted<topology_change> delete_exchange(
    const std::string& vhost,
    const std::string& name,
    removal when = removal::always);

  // -- queues

  /// Declares a queue. `made` matters only where it is new.
  permitted<topology_change> declare_queue(
    const std::string& vhost,
    const queue_declaration& declared,
    const new_queue& made,
    std::uint64_t connection);

  /// Returns what `declare_queue` would find: null where it would be new.
  permitted<routed_queue_ptr> check_queue(
    const std::string& vhost,
    const queue_declaration& declared,
    std::uint64_t connection) const;

  /// Finds a queue, as a passive declaration does.
  permitted<routed_queue_ptr> find_queue(
    const std::string& vhost,
    const std::string& name,
    std::uint64_t connection) const;

  /// One that is not there is as good as deleted.
  permitted<topology_change> delete_queue(
    const std::string& vhost,
    const std::string& name,
    std::uint64_t connection);

  /// Deletes all queues that are exclusive to a connection.
  topology_change drop_exclusive(std::uint64_t connection);

  /// Says where a queue is from now on. Returns false where there is none.
  bool set_place(queue_id queue, std::shared_ptr<const void> place);

  // -- bindings

  permitted<topology_change>
  bind(const std::string& vhost, binding added, std::uint64_t connection);

  /// What is not bound, or not there, is as good as unbound.
  permitted<topology_change>
  unbind(const std::string& vhost, binding removed, std::uint64_t connection);

  std::vector<binding_ptr> bindings(const std::string& vhost) const;
  std::vector<binding_ptr>
  bindings_from(const std::string& vhost, const std::string& exchange) const;
  std::vector<binding_ptr> bindings_to(
    const std::string& vhost,
    binding::kind kind,
    const std::string& name) const;

  // -- restoring: before anything else, in whatever order

  /// Takes back what a change gave to keep. A binding waits until both its
  /// ends are there, by this or as durable ones that are declared; queues have
  /// no place yet. Fails as `read_record` does.
  result<> restore(
    const std::string& vhost, std::string_view key, std::string_view value);

  // -- following another topology, by what its changes gave to share

  /// Returns everything as records to restore.
  std::vector<topology_record> all_records() const;

  /// Takes away what `restore` brought, and nothing that would go with it by a
  /// rule: that has records of its own. Fails as `restore` does.
  result<> retract(
    const std::string& vhost, std::string_view key, std::string_view value);

  /// Says whether a connection has queues for itself.
  bool is_owner(std::uint64_t connection) const {
    return exclusive_.contains(connection);
  }

  /// Returns the connections that have.
  std::vector<std::uint64_t> owners() const;

private:
  using vhost_routes = routing_snapshot::vhost_routes;

  /// A queue or an exchange: vhost, kind, name.
  using end_name = std::tuple<std::string, binding::kind, std::string>;
  using queue_name = std::pair<std::string, std::string>; // vhost, name

  // -- looking
  exchange_ptr
  exchange_at(const std::string& vhost, const std::string& name) const;
  routed_queue_ptr
  queue_at(const std::string& vhost, const std::string& name) const;
  const binding_index* index_of(const std::string& vhost) const;
  binding_target target_of(const std::string& vhost, const binding& of) const;
  bool is_durable(const std::string& vhost, const binding& what) const;
  permitted<> check_vhost(const std::string& name) const;
  permitted<> check_ends(const std::string& vhost, const binding& added) const;
  permitted<> check_change(
    const std::string& vhost,
    const binding& changed,
    std::uint64_t connection) const;

  // -- noting what a change made or took
  static stored_queue stored(const routed_queue& queue);
  /// Exchanges that every vhost has are made anew and have no records.
  static bool is_noted(const exchange& one);
  void note(
    const std::string& vhost,
    const stored_thing& made,
    bool is_durable,
    topology_change& to) const;
  void note_gone(
    const std::string& vhost,
    const stored_thing& gone,
    bool is_durable,
    topology_change& to) const;

  // -- changing, without a new snapshot
  bool make_vhost(const std::string& name);
  void put(const exchange_ptr& made);
  void put(const routed_queue_ptr& made);
  void add_queue(
    const std::string& vhost,
    const queue_declaration& declared,
    const new_queue& made,
    std::uint64_t owner);
  void link(const std::string& vhost, const binding_ptr& added);
  void unlink(const std::string& vhost, const binding& removed);
  void retarget(const routed_queue_ptr& queue);
  void forget(
    const std::string& vhost, const binding_ptr& gone, topology_change& to);
  void
  drop(const std::string& vhost, const binding_ptr& gone, topology_change& to);
  void drop(const exchange_ptr& gone, topology_change& to);
  void drop(const routed_queue_ptr& gone, topology_change& to);
  void drop_idle(topology_change& to);

  // -- restoring
  void restore(
    const std::string& vhost,
    const exchange_declaration& declared,
    exchange_settings settings);
  void restore(const std::string& vhost, const stored_queue& stored);
  void restore(const std::string& vhost, const binding& stored);
  void restore_waiting(const end_name& come);
  void retract(const std::string& vhost, const stored_thing& gone);

  void publish();

  routing_snapshot next_;                         // what `now_` will be
  std::shared_ptr<const routing_snapshot> now_;   // shared with all who route
  std::map<std::string, binding_index> bindings_; // by vhost
  std::map<queue_id, queue_name> by_id_;
  std::map<std::uint64_t, std::vector<queue_id>> exclusive_; // by connection
  std::vector<queue_name> idle_; // exchanges that lost a binding (vhost, name)
  std::multimap<end_name, binding> waiting_; // for one of their ends
};

} // namespace troupe
