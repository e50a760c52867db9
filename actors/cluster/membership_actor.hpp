#pragma once

#include "actors/cluster/controller_hints.hpp"
#include "actors/cluster/frame_carrier.hpp"
#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/registration.hpp"
#include "engine/cluster/controller.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace troupe {

/// The cluster as this member knows it, for whoever wants to look.
struct cluster_view {
  struct member {
    node_record record;
    bool is_running = false;
    revision changed = 0; // of the record
  };
  std::map<std::string, member> members; // by name
  std::map<group_id, std::pair<cluster::group_record, revision>> groups;
  std::optional<cluster_meta> meta; // as it was read last
  std::string controller; // the member whose turn it is; empty: nobody's
  std::string trouble;    // with the coordinator; empty: none
};

/// Keeps the view for readers on any thread.
class cluster_board {
public:
  void put_up(cluster_view now) {
    auto guard = std::lock_guard{mutex_};
    now_ = std::move(now);
  }
  cluster_view look() const {
    auto guard = std::lock_guard{mutex_};
    return now_;
  }

private:
  mutable std::mutex mutex_;
  cluster_view now_;
};

struct membership_places {
  std::shared_ptr<troupe::coordinator> coordinator;
  std::shared_ptr<frame_carrier> links;
  std::shared_ptr<cluster_board> board;
  replicas_actor replicas;
  /// Told which members have come, and which have gone for good or for now.
  std::function<void(cluster::member_id, bool is_running)> on_member;
  /// Told of a member that was started again.
  std::function<void(cluster::member_id)> on_restart;
  /// Told who leads a group, by its record.
  std::function<void(group_id, cluster::member_id)> on_leader;
};

struct membership_start {
  std::string prefix;
  std::string name;
  node_record own;
  cluster::controller_options rules; // until the coordinator's were read
};

/// The shell of the coordinator and of the controller: registers this member
/// while it runs, tells replicas their records and links their members, and
/// decides for the cluster while no other member does.
class membership_state {
public:
  static inline const char* name = "membership";

  membership_actor::behavior_type handlers(
    membership_actor::stateful_pointer<membership_state> self,
    membership_places places,
    membership_start start);

private:
  using self_pointer = membership_actor::stateful_pointer<membership_state>;

  // the coordinator (membership_actor.cpp)
  template <class... Args, class Done>
  std::function<void(Args...)> on_self(Done done);
  void read_all();
  void take_all(result<kept_range> read);
  void changed(const watch_notice& notice);
  void take(const std::string& key, const std::string* value, revision at);
  void take_meta(const std::string& value, revision at);
  void take_group(group_id group, const std::string& value, revision at);
  void take_member(const std::string& name, const std::string* value, revision);
  void take_running(const std::string& name, const std::string* value);
  void open_session();
  void show_presence();
  void set_links();
  void put_up();

  // records of groups
  void swap(const membership::swap& msg);
  void swap_ended(group_id group, std::uint64_t number, const txn_answer& how);
  void read_record(group_id group);
  txn_request
  to_txn(group_id group, revision expected, const cluster::group_record& to);

  // the controller (membership_controller.cpp)
  void seek_turn();
  void look_after_links();
  void take_turn(revision expected);
  bool has_turn() const { return controller_.has_value(); }
  void begin_turn();
  void end_turn();
  void raise_level();
  void level_raised(const txn_answer& how);
  void decide();
  void carry_out(const cluster::ask_logs& what);
  void carry_out(const cluster::swap_record& what);
  void carry_out(const cluster::start_move& what);
  void carry_out(const cluster::log_line& what);
  void controller_swapped(
    group_id group, std::uint64_t number, const txn_answer& how);
  void tell_controller(const std::string& name);
  void received(cluster::member_id from, const std::string& bytes);
  void hear(cluster::member_id from, const controller_hint& what);
  void send(cluster::member_id to, const controller_hint& what);
  void send_all(const controller_hint& what);
  void tick();

  self_pointer self_ = nullptr;
  membership_places places_;
  membership_start start_;
  cluster_view view_;
  std::unique_ptr<session> session_;
  std::unique_ptr<watching> watch_;
  std::uint64_t watch_number_ = 0; // notices of earlier ones are not heard
  bool is_seeking_ = false;
  bool is_raising_ = false;           // the cluster's feature level
  revision meta_changed_ = 0;         // of the meta's key
  revision controller_changed_ = 0;   // of the controller's key
  std::map<std::string, int> missed_; // ticks without a link to a member
  std::optional<cluster::controller> controller_;
  std::vector<cluster::controller_action> todo_;
};

/// Returns what to call from the coordinator's thread so that `done` runs on
/// this actor, as long as it is there.
template <class... Args, class Done>
std::function<void(Args...)> membership_state::on_self(Done done) {
  auto weak = caf::actor_addr{self_->address()};
  return [weak, done](Args... args) {
    auto who = caf::actor_cast<caf::actor>(weak);
    if (!who) return;
    // What is told may be owned by the message alone, and is run once.
    auto kept = std::make_shared<std::tuple<Args...>>(std::move(args)...);
    caf::anon_send(
      who, membership::told{[kept, done] { std::apply(done, *kept); }});
  };
}

membership_actor::behavior_type run_membership(
  membership_actor::stateful_pointer<membership_state> self,
  membership_places places,
  membership_start start);

} // namespace troupe
