#include "actors/cluster/replicas_actor.hpp"

#include "actors/fatal.hpp"
#include "engine/base/id_text.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe {

using namespace cluster;

namespace {

constexpr auto tick_interval = std::chrono::milliseconds{50};

// A member whose link is down for so long is taken to be gone.
constexpr auto link_patience = std::chrono::milliseconds{300};

// How many ticks others have to take over groups when this member stops.
constexpr int ticks_to_hand_over = 20;

group_id group_at(std::size_t i) {
  return group_id{static_cast<std::uint8_t>(i)};
}

} // namespace

replicas_actor::behavior_type replicas_state::handlers(
  self_pointer self,
  replicas_places places,
  std::shared_ptr<std::vector<group_replica>> groups,
  registered_member own) {
  self_ = self;
  places_ = std::move(places);
  groups_ = std::move(groups);
  own_ = own;
  return {
    [this](const replicas::begin& msg) { begin(msg); },
    [this](store::commit& msg) { commit(msg); },
    [](store::flush) {},
    [](store::look) {},
    [this](const store::define& msg) { return define(msg); },
    [](const store::drop&) {}, // its entries are erased by the queue itself
    [this](const replicas::written& msg) { written(msg); },
    [this](const replicas::entries_read& msg) {
      at(msg.group).on_read(msg.number, msg.entries, local_now());
      take(msg.group);
    },
    [this](const replicas::piece_cut& msg) {
      at(msg.group).on_piece(msg.number, msg.what, local_now());
      take(msg.group);
    },
    [this](replicas::space msg) { space(msg); },
    [this](const replicas::received& msg) { received(msg); },
    [this](replicas::connected msg) { connected(msg.to); },
    [this](replicas::disconnected msg) { disconnected(msg.from); },
    [this](replicas::gone msg) { gone(msg); },
    [this](const replicas::record& msg) {
      tell(msg.group, [&](auto& x) {
        x.on_record(msg.what, msg.revision, local_now());
      });
    },
    [this](const replicas::swapped& msg) { swapped(msg); },
    [this](replicas::move msg) {
      tell(msg.group, [&](auto& x) {
        x.on_move(msg.to, move_kind::patient, local_now());
      });
    },
    [this](const replicas::ask_end& msg) { ask_end(msg); },
    [this](replicas::drained msg) {
      tell(msg.group, [](auto& x) { x.on_drained(local_now()); });
    },
    [this](replicas::tick) { tick(); },
    [this](replicas::stop) { return stop(); },
    [this](replicas::describe) { return describe(); },
  };
}

void replicas_state::begin(const replicas::begin& msg) {
  membership_ = caf::actor_cast<membership_actor>(msg.membership);
  hosting_ = caf::actor_cast<hosting_actor>(msg.hosting);
  for (std::size_t i = 0; i < groups_->size(); ++i) take(group_at(i));
  tick();
}

// -- events

void replicas_state::written(const replicas::written& msg) {
  writing_ -= msg.jobs.size();
  for (auto [group, number] : msg.jobs) {
    if (!is_over_) at(group).on_written(number, local_now());
    take(group);
  }
  if (is_over_ && writing_ == 0 && stopping_)
    stopping_->deliver(replicas::stopped{});
}

void replicas_state::connected(member_id to) {
  ++link_changes_[to];
  gone_.erase(to);
  for (std::size_t i = 0; i < groups_->size(); ++i)
    tell(group_at(i), [&](auto& x) { x.on_connected(to, local_now()); });
}

/// A link that breaks is often there again before anybody had to wait for it.
void replicas_state::disconnected(member_id from) {
  auto since = ++link_changes_[from];
  self_->delayed_send(
    replicas_actor{self_}, link_patience, replicas::gone{from, since});
}

void replicas_state::gone(const replicas::gone& msg) {
  if (link_changes_[msg.who] != msg.since || is_over_) return;
  gone_.insert(msg.who);
  for (std::size_t i = 0; i < groups_->size(); ++i)
    tell(group_at(i), [&](auto& x) { x.on_unreachable(msg.who, local_now()); });
}

void replicas_state::space(replicas::space msg) {
  for (std::size_t i = 0; i < groups_->size(); ++i)
    tell(group_at(i), [&](auto& x) { x.on_space(msg.has_space, local_now()); });
}

void replicas_state::swapped(const replicas::swapped& msg) {
  using outcome = replicas::swapped::outcome;
  tell(msg.group, [&](auto& x) {
    auto now = local_now();
    if (msg.how == outcome::done)
      x.on_swapped(msg.number, msg.revision, now);
    else if (msg.how == outcome::conflict)
      x.on_swap_conflict(msg.number, msg.current, msg.revision, now);
    else
      x.on_swap_unknown(msg.number, now);
  });
}

void replicas_state::received(const replicas::received& msg) {
  auto read = decode_group_message(msg.bytes);
  if (!read) {
    spdlog::warn(
      "a member's message was not understood and is left out: {}",
      read.error().detail);
    return;
  }
  if (static_cast<std::size_t>(read->group) >= groups_->size()) return;
  at(read->group).on_message(msg.from, read->what, local_now());
  take(read->group);
}

void replicas_state::ask_end(const replicas::ask_end& msg) {
  const auto& log = at(msg.group).machine().log();
  self_->send(
    membership_, membership::log_end{
                   msg.group, {own_.member, own_.store, log.mark(log.last())}});
}

void replicas_state::tick() {
  if (is_over_) return;
  for (std::size_t i = 0; i < groups_->size(); ++i)
    tell(group_at(i), [](auto& x) { x.on_tick(local_now()); });
  lead_again();
  *places_.is_stuck = is_stuck();
  if (stopping_ && --ticks_to_stop_ <= 0) return finish_stop();
  self_->delayed_send(replicas_actor{self_}, tick_interval, replicas::tick{});
}

bool replicas_state::is_stuck() const {
  return std::ranges::any_of(*groups_, [](const group_replica& x) {
    return is_leader(x.machine().role()) && !x.machine().have_space();
  });
}

/// Gives all groups away, so that nobody has to find out that this member has
/// gone, and then notes that all is on disk.
caf::result<replicas::stopped> replicas_state::stop() {
  auto promise = self_->make_response_promise<replicas::stopped>();
  stopping_ = promise;
  ticks_to_stop_ = ticks_to_hand_over;
  for (std::size_t i = 0; i < groups_->size(); ++i)
    if (is_leader(at(group_at(i)).machine().role()))
      tell(group_at(i), [](auto& x) { x.on_resign(local_now()); });
  return promise;
}

void replicas_state::finish_stop() {
  for (std::size_t i = 0; i < groups_->size(); ++i) {
    at(group_at(i)).stop();
    take(group_at(i));
  }
  is_over_ = true;
}

replicas::description replicas_state::describe() const {
  auto made = replicas::description{};
  for (std::size_t i = 0; i < groups_->size(); ++i) {
    const auto& x = (*groups_)[i].machine();
    made.groups.push_back(
      {group_at(i), x.role(), x.epoch(), x.log().last(), x.committed()});
  }
  return made;
}

// -- what replicas want done

void replicas_state::take(group_id group) {
  if (is_over_) return;
  auto work = at(group).take_work();
  if (!work.writes.empty()) {
    auto msg = writer::write{};
    for (auto& x : work.writes) msg.jobs.emplace_back(group, std::move(x));
    writing_ += msg.jobs.size();
    self_->send(places_.writer, std::move(msg));
  }
  for (auto& [to, bytes] : work.messages)
    places_.links->send(to, message_kind::replication, std::move(bytes));
  for (const auto& x : work.reads)
    self_->send(places_.lookup, lookup::read_entries{group, x});
  for (const auto& x : work.pieces)
    self_->send(places_.lookup, lookup::cut_piece{group, x});
  for (const auto& x : work.ended) end(x);
  for (const auto& x : work.others)
    std::visit([&](const auto& what) { carry_out(group, what); }, x);
  auto& host = hosted_[static_cast<std::size_t>(group)];
  if (host.gate) host.gate->set(at(group).machine().window());
  if (!host.held.empty()) commit_held(group);
}

void replicas_state::carry_out(group_id group, const compare_and_swap& what) {
  self_->send(membership_, membership::swap{group, what});
}

void replicas_state::carry_out(group_id group, const read_record&) {
  self_->send(membership_, membership::read_record{group});
}

void replicas_state::carry_out(group_id group, const ask_for_leader& what) {
  self_->send(
    membership_, membership::leader_wanted{group, what.epoch, own_.member});
}

void replicas_state::carry_out(group_id, const abort_process& what) {
  end_process(exit_io, what.why);
}

void replicas_state::carry_out(group_id group, const replace_store&) {
  end_process(
    exit_io, group_text(group)
               + ": the disk has other entries than this member confirmed: "
                 "move its data_dir/store aside and start it again; it gets "
                 "all of it from the others");
}

void replicas_state::carry_out(group_id group, const became& what) {
  auto& host = hosted_[static_cast<std::size_t>(group)];
  spdlog::debug(
    "{}: {} in epoch {}", group_text(group), to_string(what.role), what.epoch);
  // Who leads anew has not heard of anybody yet.
  if (what.role == replica_role::recovering)
    for (auto x : gone_)
      at(group).tell(
        [&](auto& machine) { machine.on_unreachable(x, local_now()); },
        local_now());
  auto is_ready = what.role >= replica_role::accepting;
  if (host.told != 0 && (!is_ready || host.told != what.epoch)) lose(group);
  if (!is_ready) return;
  if (host.told == 0) return lead(group, what.epoch);
  auto is_draining = what.role == replica_role::draining;
  if (is_draining == std::exchange(host.is_draining, is_draining)) return;
  if (is_draining)
    self_->send(hosting_, hosting::drain{group});
  else
    self_->send(hosting_, hosting::resume{group});
}

/// Begins once an entry of this epoch is committed and all before it has taken
/// effect: what is read then is all that was ever confirmed.
void replicas_state::lead(group_id group, std::uint64_t epoch) {
  auto& host = hosted_[static_cast<std::size_t>(group)];
  host.told = epoch;
  host.is_draining = false;
  host.gate = std::make_shared<handling_gate>();
  auto entry = settle_entry{};
  entry.queue = no_queue;
  auto entries = std::vector<encoded_entry>{};
  entries.push_back(encode(log_entry{std::move(entry)}, epoch));
  auto ticket = ++last_ticket_;
  waiting_[ticket] = {{}, {}, true, epoch, group};
  auto refused = at(group).append(std::move(entries), ticket, local_now());
  if (refused == refusal::none) return take(group);
  spdlog::debug(
    "{} cannot be led yet: {}", group_text(group), to_string(refused));
  waiting_.erase(ticket);
  host.told = 0; // at the next tick
}

/// Begins where there was no room for the entry that it begins with.
void replicas_state::lead_again() {
  for (std::size_t i = 0; i < groups_->size(); ++i) {
    const auto& x = at(group_at(i)).machine();
    auto is_ready = x.role() == replica_role::accepting
                    || x.role() == replica_role::processing;
    if (is_ready && hosted_[i].told == 0) lead(group_at(i), x.epoch());
  }
}

void replicas_state::lose(group_id group) {
  auto& host = hosted_[static_cast<std::size_t>(group)];
  host.told = 0;
  host.is_draining = false;
  host.gate->set({});
  host.gate = nullptr;
  host.held.clear();
  self_->send(places_.lookup, lookup::drop_views{group});
  self_->send(hosting_, hosting::lost{group});
}

replicas_actor::behavior_type run_replicas(
  replicas_actor::stateful_pointer<replicas_state> self,
  replicas_places places,
  std::shared_ptr<std::vector<group_replica>> groups,
  registered_member own) {
  return self->state.handlers(self, std::move(places), std::move(groups), own);
}

} // namespace troupe
