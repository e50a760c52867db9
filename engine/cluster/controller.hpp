#pragma once

#include "engine/cluster/choose_leader.hpp"
#include "engine/cluster/controller_actions.hpp"
#include "engine/cluster/local_time.hpp"
#include "engine/cluster/ring_plan.hpp"
#include "engine/ring/slot_map.hpp"

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::cluster {

/// What a controller goes by. Counts are above 0.
struct controller_options {
  std::size_t replicas = 3;
  /// Goes into records once they have so many replicas.
  std::uint32_t min_in_sync = 2;

  /// How long it waits for answers about logs.
  local_span ask_for = std::chrono::milliseconds{500};
  /// Two members that cannot reach a third within this make it suspected ...
  local_span suspect_within = std::chrono::seconds{1};
  /// ... for so long.
  local_span suspect_for = std::chrono::seconds{3};
  /// Others get the copies of a member that is gone for longer.
  local_span replace_after = std::chrono::minutes{5};
  /// How long no leader is moved after one was lost.
  local_span settle_for = std::chrono::seconds{10};
  /// Leaders, and groups with copies, on the move at once.
  std::size_t moves_at_once = 2;
  /// A move without an outcome is forgotten; longer than leaders try.
  local_span move_timeout = std::chrono::seconds{15};
  /// How long a group rests after a move or an election that led nowhere.
  local_span retry_after = std::chrono::seconds{1};
  /// A swap without an answer may be followed by another.
  local_span swap_timeout = std::chrono::seconds{5};

  bool operator==(const controller_options&) const = default;
};

/// A member as it registered.
struct controlled_member {
  ring_member member;
  store_id store;
  bool operator==(const controlled_member&) const = default;
};

/// Decides who leads and keeps each group (docs/cluster.md, Controller). Any
/// member runs it; several at once are harmless, since all that one does is a
/// swap on a record's revision or a hint. Being wrong about who is there costs
/// an epoch, never what was confirmed.
class controller {
public:
  explicit controller(const controller_options& options);

  // -- of the coordinator

  /// All members and records were read and told. Nothing is done before.
  void on_ready(local_time now);

  void on_member(const controlled_member& member, local_time now);
  void on_member_gone(member_id member, local_time now);
  void on_record(
    group_id group,
    const group_record& record,
    revision_number revision,
    local_time now);

  void on_swapped(
    group_id group,
    std::uint64_t number,
    revision_number revision,
    local_time now);

  /// It conflicted, or has no known outcome; the record as it is now is told
  /// by `on_record`.
  void on_swap_failed(group_id group, std::uint64_t number, local_time now);

  /// So many replicas are wanted from now on, at least 1. Of those in sync a
  /// majority of them is to be the least.
  void on_replicas(std::size_t replicas, local_time now);

  // -- of members: hints, which may be wrong

  /// A connection from `reporter` to `about` was refused or reset.
  void on_unreachable(member_id reporter, member_id about, local_time now);
  void on_ask_for_leader(
    group_id group, member_id from, epoch_number epoch, local_time now);
  void on_log_answer(group_id group, const log_answer& answer, local_time now);

  void on_tick(local_time now);

  /// Swaps what is to be done into `into`, whose memory is used again.
  void take_actions(std::vector<controller_action>& into);

  // -- answers

  /// Returns how the groups should be kept, by group number.
  const std::vector<replica_list>& wanted() const { return wanted_; }

  /// Returns what is still to be moved toward that.
  std::vector<ring_change> moves() const;

private:
  struct report {
    member_id by{};
    local_time at{};
  };

  struct known_member {
    controlled_member what;
    std::optional<report> last_report;
    local_time suspected_until = local_time::min();
  };

  struct election {
    epoch_number epoch = 0;
    local_time deadline{};
    std::vector<member_id> asked;
    std::vector<log_answer> answers;
  };

  struct pending_swap {
    std::uint64_t number = 0;
    revision_number expected = 0;
    group_record record;
    local_time deadline{};
  };

  struct pending_move {
    epoch_number epoch = 0; // that it ends
    local_time deadline{};
  };

  struct controlled_group {
    group_record record;
    revision_number revision = 0;
    std::optional<election> electing;
    std::optional<pending_swap> swap;
    std::optional<pending_move> move;
    /// The epoch whose leader said that it cannot lead it.
    epoch_number given_up = 0;
    local_time rest_until = local_time::min();
  };

  // members and records (controller.cpp)
  const known_member* find(member_id member) const;
  bool is_suspected(member_id member, local_time now) const;
  bool is_usable(member_id member) const;
  std::vector<registered_member> present() const;
  void note_missing(local_time now);
  bool is_waited_for(local_time now) const;
  void plan();
  void take(
    controlled_group& group,
    const group_record& record,
    revision_number revision,
    local_time now);
  void expire(controlled_group& group, local_time now);
  void
  swap(group_id id, group_record record, std::string_view why, local_time now);
  template <class Action>
  void act(Action what) {
    out_.emplace_back(std::move(what));
  }
  void say(group_id id, const std::string& what);
  controlled_group& at(group_id id);
  bool is_swapping_leader(const controlled_group& group) const;
  bool is_idle(const controlled_group& group, local_time now) const;
  void decide(local_time now);

  // leaders that are lost (controller_electing.cpp)
  bool needs_leader(const controlled_group& group, local_time now) const;
  std::vector<registered_member>
  candidates(const controlled_group& group, local_time now) const;
  void elect(group_id id, local_time now);
  void begin_election(
    group_id id, const std::vector<registered_member>& among, local_time now);
  void finish_election(group_id id, local_time now);
  void swap_leader(group_id id, member_id leader, local_time now);
  void leave_leaderless(group_id id, local_time now);

  // what goes toward the plan (controller_planning.cpp)
  void create_missing(local_time now);
  void set_least(group_id id, local_time now);
  std::uint32_t least_of(const group_record& record) const;
  std::uint32_t next_least(const group_record& record) const;
  bool take_on_wiped(group_id id, local_time now);
  void move_copies(local_time now);
  bool move_copies_of(group_id id, local_time now);
  bool has_copies_moving(const controlled_group& group) const;
  bool has_all_wanted(group_id id) const;
  bool is_in_sync_now(const group_record& record, member_id member) const;
  void put_in_order(group_id id, local_time now);
  void move_leaders(local_time now);
  std::optional<member_id> next_leader(group_id id) const;

  controller_options options_;
  bool is_ready_ = false;
  std::map<member_id, known_member> members_;
  /// Those in records that are not registered, and since when.
  std::map<member_id, local_time> missing_;
  std::array<controlled_group, groups> groups_;
  std::vector<replica_list> wanted_;
  std::uint64_t swaps_ = 0;
  std::size_t usable_ = 0; // members that the plan may use
  local_time settled_at_ = local_time::min();
  std::vector<controller_action> out_;
};

/// More members than this are not taken note of: there is no group for them to
/// lead.
constexpr std::size_t most_members = groups;

} // namespace troupe::cluster
