#include "engine/cluster/controller.hpp"

#include "engine/base/id_text.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {

namespace {

struct printer {
  std::string operator()(const ask_logs& x) const {
    auto text = group_text(x.group) + ": " + "ask for logs of";
    for (auto member : x.members) text += ' ' + member_text(member);
    return text;
  }

  std::string operator()(const swap_record& x) const {
    return group_text(x.group) + ": " + to_string(x.record.cause) + " to epoch "
           + std::to_string(x.record.epoch) + " under "
           + member_text(x.record.leader) + ", expecting revision "
           + std::to_string(x.expected);
  }

  std::string operator()(const start_move& x) const {
    return group_text(x.group) + ": " + "move " + member_text(x.leader) + " -> "
           + member_text(x.to);
  }

  std::string operator()(const log_line& x) const { return x.text; }
};

} // namespace

std::string to_string(const controller_action& action) {
  return std::visit(printer{}, action);
}

controller::controller(const controller_options& options)
  : options_{options}, wanted_(groups) {}

// -- events

void controller::on_ready(local_time now) {
  is_ready_ = true;
  // Whoever controlled before may be gone together with leaders.
  settled_at_ = now + options_.settle_for;
  decide(now);
}

void controller::on_member(const controlled_member& member, local_time now) {
  const auto id = member.member.id;
  const auto is_full = members_.size() >= most_members;
  if (id == nobody || (is_full && !members_.contains(id))) return;
  auto& known = members_[id];
  const auto is_new_disk = known.what.store != member.store;
  if (known.what != member) known.what = member;
  // It came back: what was reported is of its time before.
  if (is_new_disk || missing_.contains(id)) {
    known.last_report.reset();
    known.suspected_until = local_time::min();
  }
  missing_.erase(id);
  plan();
  decide(now);
}

void controller::on_member_gone(member_id member, local_time now) {
  if (members_.erase(member) == 0) return;
  plan();
  decide(now);
}

void controller::on_record(
  group_id group,
  const group_record& record,
  revision_number revision,
  local_time now) {
  auto& x = at(group);
  if (revision <= x.revision) return;
  take(x, record, revision, now);
  decide(now);
}

void controller::on_replicas(std::size_t replicas, local_time now) {
  const auto least = majority_of(replicas);
  const auto is_known =
    options_.replicas == replicas && options_.min_in_sync == least;
  if (replicas == 0 || is_known) return;
  options_.replicas = replicas;
  options_.min_in_sync = least;
  plan();
  decide(now);
}

void controller::on_swapped(
  group_id group,
  std::uint64_t number,
  revision_number revision,
  local_time now) {
  auto& x = at(group);
  if (!x.swap || x.swap->number != number) return;
  auto record = std::move(x.swap->record);
  x.swap.reset();
  if (revision > x.revision) take(x, record, revision, now);
  decide(now);
}

void controller::on_swap_failed(
  group_id group, std::uint64_t number, local_time now) {
  auto& x = at(group);
  if (!x.swap || x.swap->number != number) return;
  x.swap.reset();
  // What is here may be older than what was in the way.
  x.rest_until = now + options_.retry_after;
}

void controller::on_unreachable(
  member_id reporter, member_id about, local_time now) {
  auto found = members_.find(about);
  if (found == members_.end() || reporter == about) return;
  auto& x = found->second;
  auto& last = x.last_report;
  const auto is_second =
    last && last->by != reporter && now - last->at <= options_.suspect_within;
  last = report{reporter, now};
  if (!is_second) return;
  if (!is_suspected(about, now))
    act(log_line{
      "member " + member_text(about) + " is suspected: " + member_text(reporter)
      + " and another cannot reach it"});
  x.suspected_until = now + options_.suspect_for;
  decide(now);
}

void controller::on_ask_for_leader(
  group_id group, member_id from, epoch_number epoch, local_time now) {
  auto& x = at(group);
  if (epoch != x.record.epoch) return;
  if (from == x.record.leader) x.given_up = epoch;
  decide(now);
}

void controller::on_log_answer(
  group_id group, const log_answer& answer, local_time now) {
  auto& x = at(group);
  if (!x.electing) return;
  auto& all = x.electing->answers;
  const auto& asked = x.electing->asked;
  const auto is_asked = std::ranges::find(asked, answer.member) != asked.end();
  const auto is_repeat =
    std::ranges::find(all, answer.member, &log_answer::member) != all.end();
  if (!is_asked || is_repeat) return;
  all.push_back(answer);
  decide(now);
}

void controller::on_tick(local_time now) { decide(now); }

void controller::take_actions(std::vector<controller_action>& into) {
  into.clear();
  std::swap(into, out_);
}

std::vector<ring_change> controller::moves() const {
  auto records = std::vector<group_record>{};
  for (const auto& x : groups_) records.push_back(x.record);
  return plan_moves(records, wanted_);
}

// -- members

const controller::known_member* controller::find(member_id member) const {
  auto found = members_.find(member);
  return found == members_.end() ? nullptr : &found->second;
}

bool controller::is_suspected(member_id member, local_time now) const {
  auto x = find(member);
  return x && now < x->suspected_until;
}

bool controller::is_usable(member_id member) const {
  auto x = find(member);
  return x && x->what.member.state != member_state::draining;
}

std::vector<registered_member> controller::present() const {
  auto all = std::vector<registered_member>{};
  for (const auto& [id, x] : members_) all.push_back({id, x.what.store});
  return all;
}

/// Notes since when those in records are not registered.
void controller::note_missing(local_time now) {
  auto still = std::map<member_id, local_time>{};
  auto note = [&](member_id member) {
    if (find(member)) return;
    auto since = missing_.find(member);
    still.emplace(member, since == missing_.end() ? now : since->second);
  };
  for (const auto& x : groups_) {
    for (auto member : x.record.replicas) note(member);
    for (auto member : x.record.adding) note(member);
  }
  missing_ = std::move(still);
}

/// True while somebody is missing who may yet come back in time.
bool controller::is_waited_for(local_time now) const {
  return std::ranges::any_of(missing_, [&](const auto& x) {
    return now - x.second < options_.replace_after;
  });
}

void controller::plan() {
  auto all = std::vector<ring_member>{};
  for (const auto& [id, x] : members_) all.push_back(x.what.member);
  usable_ = static_cast<std::size_t>(std::ranges::count_if(
    all, [](const auto& x) { return x.state != member_state::draining; }));
  wanted_ = plan_ring(all, options_.replicas);
}

// -- records

controller::controlled_group& controller::at(group_id id) {
  return groups_[static_cast<std::size_t>(id) % groups];
}

void controller::take(
  controlled_group& group,
  const group_record& record,
  revision_number revision,
  local_time now) {
  const auto is_failover =
    record.epoch > group.record.epoch && record.cause == record_cause::failover;
  if (is_ready_ && is_failover) settled_at_ = now + options_.settle_for;
  group.record = record;
  group.revision = revision;
  group.rest_until = local_time::min();
  if (group.swap && group.swap->expected < revision) group.swap.reset();
  if (group.move && group.move->epoch < record.epoch) group.move.reset();
  if (group.electing && group.electing->epoch < record.epoch)
    group.electing.reset();
}

void controller::expire(controlled_group& group, local_time now) {
  if (group.swap && now >= group.swap->deadline) group.swap.reset();
  if (!group.move || now < group.move->deadline) return;
  group.move.reset();
  group.rest_until = now + options_.retry_after;
}

bool controller::is_swapping_leader(const controlled_group& group) const {
  return group.swap && group.swap->record.epoch > group.record.epoch;
}

bool controller::is_idle(const controlled_group& group, local_time now) const {
  return !group.swap && now >= group.rest_until;
}

void controller::swap(
  group_id id, group_record record, std::string_view why, local_time now) {
  auto& x = at(id);
  act(swap_record{++swaps_, id, x.revision, record});
  say(id, std::string{why});
  x.swap = pending_swap{
    swaps_, x.revision, std::move(record), now + options_.swap_timeout};
}

void controller::say(group_id id, const std::string& what) {
  act(log_line{group_text(id) + ": " + what});
}

/// Looks at all groups: first who leads, then who keeps copies.
void controller::decide(local_time now) {
  if (!is_ready_) return;
  note_missing(now);
  for (std::size_t g = 0; g < groups; ++g) {
    expire(groups_[g], now);
    elect(static_cast<group_id>(g), now);
  }
  create_missing(now);
  for (std::size_t g = 0; g < groups; ++g)
    take_on_wiped(static_cast<group_id>(g), now);
  for (std::size_t g = 0; g < groups; ++g)
    set_least(static_cast<group_id>(g), now);
  move_copies(now);
  move_leaders(now);
}

} // namespace troupe::cluster
