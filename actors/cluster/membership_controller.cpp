#include "actors/cluster/membership_actor.hpp"
#include "engine/coordinator/feature_level.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

// The membership actor's turn to decide for the cluster, and the hints that
// members give whoever has it.

namespace troupe {

using namespace cluster;

namespace {

// So many ticks without a link to the member whose turn it is, and this one
// takes the turn: most likely it is gone, and others wait for new leaders.
constexpr int most_missed = 6;

// So many ticks without a link to a member, and those that decide are told, as
// long as it is out of reach: whoever was told first may have gone with it.
constexpr int missed_to_tell = 3;

} // namespace

// -- whose turn it is

/// Takes the turn where nobody has it. Two that think it is theirs do no harm.
void membership_state::seek_turn() {
  if (!session_ || !watch_ || has_turn() || is_seeking_) return;
  // It was given the turn, and the answer was lost, or the session of its last
  // run has not ended yet: the turn is to be this session's.
  if (view_.controller == start_.name) take_turn(controller_changed_);
  if (view_.controller.empty()) take_turn(0);
}

/// Tells of members that are out of reach, and takes the turn from one that is:
/// its session will end later. Who reaches nobody is out of reach itself.
void membership_state::look_after_links() {
  auto reached = places_.links->reachable();
  auto missed = std::exchange(missed_, {});
  for (const auto& [name, x] : view_.members) {
    auto is_here = name == start_.name || contains(reached, x.record.id);
    if (is_here || !x.is_running) continue;
    auto count = missed_[name] = missed[name] + 1;
    if (count % missed_to_tell == 0) send_all(unreachable_told{x.record.id});
    auto is_lost = count % most_missed == 0 && !reached.empty();
    if (is_lost && name == view_.controller) take_turn(controller_changed_);
  }
}

void membership_state::take_turn(revision expected) {
  if (!session_ || !watch_ || has_turn() || is_seeking_) return;
  is_seeking_ = true;
  auto request = txn_request{};
  request.under = session_->id();
  request.expects.push_back({controller_key(start_.prefix), expected});
  request.puts.push_back({controller_key(start_.prefix), start_.name});
  places_.coordinator->txn(
    std::move(request), on_self<txn_answer>([this](const txn_answer& how) {
      is_seeking_ = false;
      if (how.outcome == txn_outcome::done) begin_turn();
    }));
}

void membership_state::begin_turn() {
  spdlog::info("cluster: this member decides for the cluster now");
  controller_.emplace(start_.rules);
  auto now = local_now();
  if (view_.meta) controller_->on_replicas(view_.meta->replicas, now);
  for (const auto& [member, x] : view_.members) tell_controller(member);
  for (const auto& [group, x] : view_.groups)
    controller_->on_record(group, x.first, x.second, now);
  controller_->on_ready(now);
  raise_level();
  decide();
}

void membership_state::end_turn() { controller_.reset(); }

/// Raises the cluster's feature level once all members know a higher one: those
/// that are down as well, for they come back as they were.
void membership_state::raise_level() {
  if (!has_turn() || !view_.meta || is_raising_) return;
  auto members = std::vector<node_record>{};
  for (const auto& [member, x] : view_.members) members.push_back(x.record);
  auto meta = *view_.meta;
  meta.feature_level = common_level(members, meta.feature_level);
  if (meta == *view_.meta) return;
  is_raising_ = true;
  auto key = cluster_meta_key(start_.prefix);
  auto request = txn_request{};
  request.expects.push_back({key, meta_changed_});
  request.puts.push_back({key, encode(meta)});
  places_.coordinator->txn(
    std::move(request), on_self<txn_answer>([this](const txn_answer& how) {
      is_raising_ = false;
      level_raised(how);
    }));
}

/// Whatever became of it, the watch tells; what got lost is sent again with
/// the next change.
void membership_state::level_raised(const txn_answer& how) {
  for (const auto& x : how.current)
    if (x.key == cluster_meta_key(start_.prefix)) take_meta(x.value, x.changed);
}

void membership_state::tell_controller(const std::string& member) {
  if (!has_turn()) return;
  const auto& x = view_.members.at(member);
  if (!x.is_running)
    return controller_->on_member_gone(x.record.id, local_now());
  controller_->on_member(
    {{x.record.id, member, x.record.state}, x.record.store}, local_now());
}

void membership_state::decide() {
  while (has_turn()) {
    controller_->take_actions(todo_);
    if (todo_.empty()) return;
    for (const auto& x : std::exchange(todo_, {}))
      std::visit([this](const auto& what) { carry_out(what); }, x);
  }
}

void membership_state::carry_out(const ask_logs& what) {
  for (auto to : what.members) send(to, end_asked{what.group});
}

void membership_state::carry_out(const swap_record& what) {
  auto group = what.group;
  auto number = what.number;
  places_.coordinator->txn(
    to_txn(group, what.expected, what.record),
    on_self<txn_answer>([this, group, number](const txn_answer& how) {
      controller_swapped(group, number, how);
    }));
}

void membership_state::controller_swapped(
  group_id group, std::uint64_t number, const txn_answer& how) {
  if (!has_turn()) return;
  if (how.outcome == txn_outcome::done) {
    controller_->on_swapped(group, number, how.at, local_now());
    return decide();
  }
  for (const auto& x : how.current) take_group(group, x.value, x.changed);
  controller_->on_swap_failed(group, number, local_now());
  if (how.outcome != txn_outcome::conflict) read_record(group);
  decide();
}

void membership_state::carry_out(const start_move& what) {
  send(what.leader, move_asked{what.group, what.to});
}

void membership_state::carry_out(const log_line& what) {
  spdlog::info("cluster: {}", what.text);
}

// -- hints

void membership_state::send(member_id to, const controller_hint& what) {
  if (to == start_.own.id)
    hear(to, what);
  else
    places_.links->send(to, message_kind::controller, encode(what));
}

/// Whoever decides hears it; nobody knows for sure who that is.
void membership_state::send_all(const controller_hint& what) {
  for (const auto& [member, x] : view_.members) send(x.record.id, what);
}

void membership_state::received(member_id from, const std::string& bytes) {
  auto read = decode_hint(bytes);
  if (read)
    hear(from, *read);
  else
    spdlog::warn("cluster: {}", read.error().detail);
}

void membership_state::hear(member_id from, const controller_hint& what) {
  if (auto* x = std::get_if<end_asked>(&what))
    self_->send(places_.replicas, replicas::ask_end{x->group, from});
  if (auto* x = std::get_if<move_asked>(&what))
    self_->send(places_.replicas, replicas::move{x->group, x->to});
  if (!has_turn()) return;
  auto now = local_now();
  if (auto* x = std::get_if<end_told>(&what))
    controller_->on_log_answer(x->group, x->what, now);
  if (auto* x = std::get_if<leader_asked>(&what))
    controller_->on_ask_for_leader(x->group, from, x->epoch, now);
  if (auto* x = std::get_if<unreachable_told>(&what))
    controller_->on_unreachable(from, x->about, now);
  decide();
}

} // namespace troupe
