#include "actors/cluster/membership_actor.hpp"

#include "actors/fatal.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe {

using namespace cluster;

namespace {

using namespace std::chrono_literals;

// How long this member counts as running after it has gone.
constexpr auto session_ttl = duration{5000};

constexpr auto turn_interval = 100ms;
constexpr auto retry_pause = 500ms;

} // namespace

membership_actor::behavior_type membership_state::handlers(
  self_pointer self, membership_places places, membership_start start) {
  self_ = self;
  places_ = std::move(places);
  start_ = std::move(start);
  auto weak = caf::actor_addr{self->address()};
  places_.links->take(
    message_kind::controller, [this, weak](member_id from, std::string bytes) {
      if (auto who = caf::actor_cast<caf::actor>(weak))
        caf::anon_send(
          who, membership::told{[this, from, text = std::move(bytes)] {
            received(from, text);
          }});
    });
  read_all();
  open_session();
  tick();
  return {
    [this](const membership::swap& msg) { swap(msg); },
    [this](const membership::read_record& msg) { read_record(msg.group); },
    [this](const membership::leader_wanted& msg) {
      send_all(leader_asked{msg.group, msg.epoch});
    },
    [this](const membership::log_end& msg) {
      send_all(end_told{msg.group, msg.what});
    },
    [this](membership::unreachable msg) {
      send_all(unreachable_told{msg.about});
    },
    [](membership::told& msg) { msg.what(); },
    [this](membership::tick) { tick(); },
  };
}

// -- what the coordinator has

void membership_state::read_all() {
  watch_.reset();
  auto number = ++watch_number_;
  places_.coordinator->range(
    start_.prefix,
    on_self<result<kept_range>>([this, number](result<kept_range>& read) {
      if (number == watch_number_) take_all(std::move(read));
    }));
}

void membership_state::take_all(result<kept_range> read) {
  if (!read) {
    view_.trouble = read.error().detail;
    put_up();
    self_->delayed_send(
      membership_actor{self_}, retry_pause,
      membership::told{[this] { read_all(); }});
    return;
  }
  view_.trouble.clear();
  auto keys = std::set<std::string>{};
  for (const auto& x : read->values) keys.insert(x.key);
  auto gone = std::vector<std::string>{};
  for (const auto& [member, x] : view_.members) {
    if (!keys.contains(member_key(start_.prefix, member)))
      gone.push_back(member_key(start_.prefix, member));
    else if (x.is_running && !keys.contains(node_key(start_.prefix, member)))
      gone.push_back(node_key(start_.prefix, member));
  }
  for (const auto& key : gone) take(key, nullptr, read->at);
  // Whoever runs is known as a member first.
  for (const auto& x : read->values)
    if (x.key.starts_with(members_prefix(start_.prefix)))
      take(x.key, &x.value, x.changed);
  for (const auto& x : read->values)
    if (!x.key.starts_with(members_prefix(start_.prefix)))
      take(x.key, &x.value, x.changed);
  if (!keys.contains(controller_key(start_.prefix))) view_.controller.clear();
  set_links();
  put_up();
  auto number = watch_number_;
  watch_ = places_.coordinator->watch(
    start_.prefix, read->at,
    on_self<watch_notice>([this, number](watch_notice& notice) {
      if (number == watch_number_) changed(notice);
    }));
  seek_turn();
}

void membership_state::changed(const watch_notice& notice) {
  if (notice.is_resync) {
    spdlog::info("cluster: reading all records anew: {}", notice.why);
    return read_all();
  }
  for (const auto& x : notice.changes)
    take(x.key, x.value ? &*x.value : nullptr, x.at);
  put_up();
  seek_turn();
  raise_level();
  decide();
}

void membership_state::take(
  const std::string& key, const std::string* value, revision at) {
  if (key == controller_key(start_.prefix)) {
    view_.controller = value ? *value : "";
    controller_changed_ = at;
    if (has_turn() && view_.controller != start_.name) end_turn();
  } else if (key == cluster_meta_key(start_.prefix)) {
    if (value) take_meta(*value, at);
  } else if (key.starts_with(members_prefix(start_.prefix))) {
    take_member(key.substr(members_prefix(start_.prefix).size()), value, at);
  } else if (auto member = parse_node_key(start_.prefix, key)) {
    take_running(*member, value);
  } else if (auto group = parse_group_key(start_.prefix, key)) {
    if (value) take_group(*group, *value, at);
  }
}

void membership_state::take_meta(const std::string& value, revision at) {
  auto read = decode_meta(cluster_meta_key(start_.prefix), value);
  if (!read) {
    spdlog::error("cluster: {}", read.error().detail);
    return;
  }
  if (view_.meta && view_.meta->replicas != read->replicas)
    spdlog::info(
      "cluster: {} replicas are wanted instead of {}", read->replicas,
      view_.meta->replicas);
  if (view_.meta && view_.meta->feature_level != read->feature_level)
    spdlog::info("cluster: it is at feature level {} now", read->feature_level);
  view_.meta = *read;
  meta_changed_ = at;
  if (has_turn()) controller_->on_replicas(read->replicas, local_now());
}

void membership_state::take_group(
  group_id group, const std::string& value, revision at) {
  auto key = group_key(start_.prefix, group);
  auto read = decode_group(key, value);
  if (!read) {
    spdlog::error("cluster: {}", read.error().detail);
    return;
  }
  auto& known = view_.groups[group];
  if (known.second > at) return; // what was read of it is newer
  known = {*read, at};
  self_->send(places_.replicas, replicas::record{group, *read, at});
  if (places_.on_leader) places_.on_leader(group, read->leader);
  if (has_turn()) controller_->on_record(group, *read, at, local_now());
}

void membership_state::take_member(
  const std::string& member, const std::string* value, revision at) {
  if (!value) {
    auto gone = view_.members.extract(member);
    if (gone && has_turn())
      controller_->on_member_gone(gone.mapped().record.id, local_now());
    if (gone && places_.on_member)
      places_.on_member(gone.mapped().record.id, false);
    return set_links();
  }
  auto read = decode_node(member_key(start_.prefix, member), *value);
  if (!read) {
    spdlog::error("cluster: {}", read.error().detail);
    return;
  }
  auto& known = view_.members[member];
  // It may have gone and come back faster than anybody noticed.
  auto is_anew =
    known.changed != 0 && known.record.incarnation != read->incarnation;
  if (is_anew && places_.on_restart) places_.on_restart(read->id);
  known.record = *read;
  known.changed = at;
  set_links();
  tell_controller(member);
}

void membership_state::take_running(
  const std::string& member, const std::string* value) {
  auto known = view_.members.find(member);
  if (known == view_.members.end()) return;
  known->second.is_running = value != nullptr;
  if (places_.on_member)
    places_.on_member(known->second.record.id, value != nullptr);
  tell_controller(member);
  // One that vanished while this one lives was somebody else's mistake, or
  // the session's end that is told in its own way.
}

void membership_state::set_links() {
  auto all = std::map<member_id, frame_carrier::named_member>{};
  for (const auto& [member, x] : view_.members) {
    auto at = parse_endpoint(x.record.addr_repl);
    if (at) all[x.record.id] = {member, {*at, to_string(x.record.store)}};
  }
  places_.links->set_members(all);
}

void membership_state::put_up() { places_.board->put_up(view_); }

// -- this member's presence

void membership_state::open_session() {
  session_.reset();
  auto events = session_events{};
  auto opened = [this](result<std::unique_ptr<session>>& made) {
    if (!made) {
      self_->delayed_send(
        membership_actor{self_}, retry_pause,
        membership::told{[this] { open_session(); }});
      return;
    }
    session_ = std::move(*made);
    show_presence();
    seek_turn();
  };
  events.on_open = on_self<result<std::unique_ptr<session>>>(opened);
  events.on_lost = on_self<std::string>([this](const std::string& why) {
    spdlog::warn("cluster: {}", why);
    end_turn();
    open_session();
  });
  places_.coordinator->open_session(session_ttl, std::move(events));
}

void membership_state::show_presence() {
  auto request = txn_request{};
  request.under = session_->id();
  request.puts.push_back(
    {node_key(start_.prefix, start_.name), encode(start_.own)});
  places_.coordinator->txn(
    std::move(request), on_self<txn_answer>([this](const txn_answer& how) {
      if (how.outcome == txn_outcome::done) return;
      spdlog::warn("cluster: this member cannot be shown: {}", how.why);
      self_->delayed_send(
        membership_actor{self_}, retry_pause, membership::told{[this] {
          if (session_) show_presence();
        }});
    }));
}

// -- records of groups

txn_request membership_state::to_txn(
  group_id group, revision expected, const group_record& to) {
  auto key = group_key(start_.prefix, group);
  auto made = txn_request{};
  made.expects.push_back({key, expected});
  made.puts.push_back({key, encode(to)});
  return made;
}

void membership_state::swap(const membership::swap& msg) {
  auto group = msg.group;
  auto number = msg.what.number;
  places_.coordinator->txn(
    to_txn(group, msg.what.expected, msg.what.record),
    on_self<txn_answer>([this, group, number](const txn_answer& how) {
      swap_ended(group, number, how);
    }));
}

void membership_state::swap_ended(
  group_id group, std::uint64_t number, const txn_answer& how) {
  using outcome = replicas::swapped::outcome;
  auto answer = replicas::swapped{};
  answer.group = group;
  answer.number = number;
  answer.how = outcome::unknown;
  if (how.outcome == txn_outcome::done) {
    answer.how = outcome::done;
    answer.revision = how.at;
  } else if (how.outcome == txn_outcome::conflict && !how.current.empty()) {
    const auto& now = how.current.front();
    auto read = decode_group(now.key, now.value);
    if (read) {
      answer.how = outcome::conflict;
      answer.revision = now.changed;
      answer.current = *read;
    }
  }
  self_->send(places_.replicas, std::move(answer));
}

void membership_state::read_record(group_id group) {
  places_.coordinator->range(
    group_key(start_.prefix, group),
    on_self<result<kept_range>>([this, group](const result<kept_range>& read) {
      if (!read) return; // it is asked for again
      for (const auto& x : read->values) {
        if (x.key != group_key(start_.prefix, group)) continue;
        auto record = decode_group(x.key, x.value);
        if (!record) continue;
        self_->send(
          places_.replicas, replicas::record{group, *record, x.changed});
        take_group(group, x.value, x.changed);
      }
      decide();
    }));
}

void membership_state::tick() {
  look_after_links();
  if (has_turn()) {
    controller_->on_tick(local_now());
    decide();
  }
  seek_turn(); // whatever became of an earlier attempt
  self_->delayed_send(
    membership_actor{self_}, turn_interval, membership::tick{});
}

membership_actor::behavior_type run_membership(
  membership_actor::stateful_pointer<membership_state> self,
  membership_places places,
  membership_start start) {
  return self->state.handlers(self, std::move(places), std::move(start));
}

} // namespace troupe
