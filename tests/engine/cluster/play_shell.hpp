#pragma once

#include "tests/engine/cluster/play_members.hpp"
#include "tests/engine/cluster/play_network.hpp"
#include "tests/engine/cluster/play_truth.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::test {

/// Members with their real machines, and what stands for threads, disks and
/// sockets around them. All that happens is one call.
class play_shell : public play_members, public play_wires {
public:
  static constexpr std::uint64_t pieces = 3; // of a checkpoint

  play_shell(const play_options& options, std::uint64_t seed)
    : play_members{options, seed} {
    auto& record = coordinator.record;
    record.epoch = 1;
    record.leader = id(0);
    for (std::size_t i = 0; i < options.replicas; ++i) {
      record.replicas.push_back(id(i));
      record.in_sync.push_back({id(i), members_[i].store.id});
    }
    for (std::size_t i = 0; i < size(); ++i) watch(i);
  }

  // -- events

  /// Lets the member's clock be known to its machine and does what it says.
  template <class Event>
  void tell(std::size_t i, Event event) {
    if (!members_[i].machine) return;
    auto before = machine(i).committed();
    event(machine(i), local(i));
    auto after = machine(i).committed();
    if (after < before && !std::exchange(is_dropped_, false))
      truth.fail("a commit went back");
    obey(i);
    renew_checkpoints();
  }

  void tick(std::size_t i) {
    tell(i, [](auto& x, auto t) { x.on_tick(t); });
  }

  /// Rightly or wrongly.
  void presume_gone(std::size_t i, std::size_t whom) {
    auto gone = id(whom);
    tell(i, [&](auto& x, auto t) { x.on_unreachable(gone, t); });
  }

  /// Hands the oldest write of a member to its disk.
  void sync_one(std::size_t i) {
    auto& x = members_[i];
    if (x.store.pending() == 0) return;
    auto done = x.store.sync_one();
    check_store(i);
    if (!options_.faults.acks_before_sync) report(i, done);
  }

  void sync_all(std::size_t i) {
    while (members_[i].machine && members_[i].store.pending() > 0) sync_one(i);
  }

  /// Tells the record as it is now, as a watch does.
  void watch(std::size_t i) {
    tell(i, [&](auto& x, auto t) {
      x.on_record(coordinator.record, coordinator.revision, t);
    });
  }

  // -- the network

  void deliver(std::size_t n) {
    auto post = std::move(network[n]);
    network[n] = std::move(network.back());
    network.pop_back();
    arrive(std::move(post));
  }

  void arrive(envelope post) {
    if (cut[post.from][post.to]) return lose(post);
    if (post.to == coordinator_place) return ask_coordinator(std::move(post));
    auto& x = members_[post.to];
    if (!x.machine) return;
    if (x.is_paused) return network.push_back(std::move(post));
    std::visit(
      [&](auto& what) { take(post.to, id(post.from), what); }, post.what);
  }

  /// Delivers what is under way, and what that brings, in order.
  void deliver_all() {
    for (std::size_t n = 0; n < network.size() && n < 100'000; ++n)
      arrive(std::move(network[n]));
    network.clear();
  }

  play_truth truth;
  std::vector<move_result> moves; // how they ended
  std::function<void(std::size_t, log_index, const play_entry&)> on_confirm;
  std::function<void(std::size_t, const replica_action&)> on_action;

protected:
  // -- the shell

  void obey(std::size_t i) {
    auto todo = std::vector<replica_action>{};
    auto& x = members_[i];
    machine(i).take_actions(x.todo);
    todo.swap(x.todo);
    for (auto& what : todo) {
      if (!x.machine) break;
      if (on_action) on_action(i, what);
      std::visit([&](auto& y) { carry_out(i, y); }, what);
    }
    todo.clear();
    if (x.machine) x.todo.swap(todo); // its memory is used again
  }

  void write(std::size_t i, play_write what) {
    auto& store = members_[i].store;
    auto before = store.shown().base;
    if (what.what == play_write::kind::add) check_epochs(store, what);
    store.write(what);
    if (
      store.shown().base.index < before.index
      && what.what != play_write::kind::drop)
      truth.fail("a trim went back");
    if (options_.faults.acks_before_sync) report(i, what);
  }

  std::uint64_t values_ = 0;

private:
  /// Tells machines whose views are gone; they begin with new ones.
  void renew_checkpoints() {
    while (!gone_.empty()) {
      auto [sender, to] = gone_.back();
      gone_.pop_back();
      if (!members_[sender].machine) continue;
      machine(sender).on_checkpoint_gone(to, local(sender));
      obey(sender);
    }
  }

  /// I3: an epoch never falls along a log.
  void check_epochs(const play_store& store, const play_write& what) {
    auto& log = store.shown();
    auto last = log.entries.empty() ? log.base.epoch : log.entries.back().epoch;
    for (const auto& x : what.entries) {
      if (x.epoch < last) truth.fail("an epoch falls along a log");
      last = x.epoch;
    }
    if (log.last() + what.entries.size() != what.index)
      truth.fail("a write leaves a gap");
  }

  void check_store(std::size_t i) {
    auto& x = members_[i];
    if (x.store.kept().epoch < x.epoch) truth.fail("an epoch went back");
    x.epoch = x.store.kept().epoch;
  }

  /// Tells a machine what its disk has.
  void report(std::size_t i, const play_write& done) {
    using kind = play_write::kind;
    tell(i, [&](auto& x, auto t) {
      switch (done.what) {
        case kind::epoch: return x.on_epoch_persisted(done.epoch, t);
        case kind::add: return x.on_synced(done.branch, done.index, t);
        case kind::piece: return x.on_chunk_stored(done.mark, done.number, t);
        case kind::install: return x.on_installed(done.mark, t);
        case kind::drop:
          is_dropped_ = true;
          members_[i].told = 0;
          return x.on_dropped(t);
        case kind::cut:
        case kind::trim: return;
      }
    });
  }

  void post(std::size_t from, member_id to, play_post what) {
    auto there = place(to);
    if (to == nobody || there >= size() || cut[from][there]) return;
    network.push_back({from, there, std::move(what)});
  }

  void carry_out(std::size_t i, send_append& x) {
    auto& log = members_[i].store.shown();
    auto entries = std::vector<play_entry>{};
    auto first = x.what.previous.index + 1;
    if (first + x.what.count > log.last() + 1 || first <= log.base.index)
      return truth.fail("an append of entries that are not there");
    auto& machine = *members_[i].machine;
    if (!machine.is_next(x.to, x.what)) return;
    auto what = x.what;
    if (what.count > 0 && (what.count = gone_of(i, x)) == 0) return;
    for (std::uint32_t n = 0; n < what.count; ++n)
      entries.push_back(log.at(first + n));
    post(i, x.to, append_post{what, std::move(entries)});
  }

  /// Returns how many entries go: entries have 1 to 9 bytes, and one in a
  /// hundred thirty.
  std::uint32_t gone_of(std::size_t i, const send_append& x) {
    auto& machine = *members_[i].machine;
    auto room = machine.byte_room(x.to);
    auto is_first = room == options_.machine.window_bytes;
    auto bytes = std::uint64_t{0};
    auto count = std::uint32_t{0};
    for (; count < x.what.count; ++count) {
      auto index = x.what.previous.index + 1 + count;
      auto size = index % 100 == 7 ? 30 : index % 9 + 1;
      if (bytes + size > room && (count > 0 || !is_first)) break;
      bytes += size;
    }
    machine.on_sent(x.to, x.what, count, bytes);
    return count;
  }
  void carry_out(std::size_t i, send_ack& x) { post(i, x.to, x.what); }
  void carry_out(std::size_t i, send_reject& x) { post(i, x.to, x.what); }
  void carry_out(std::size_t i, send_release& x) { post(i, x.to, x.what); }
  void carry_out(std::size_t i, send_chunk_ack& x) { post(i, x.to, x.what); }

  void carry_out(std::size_t i, send_chunk& x) {
    auto& view = members_[i].views[place(x.to)];
    auto has_view = view && view->at == x.what.at;
    if (x.what.number >= pieces || (!has_view && x.what.number > 0)) {
      gone_.push_back({i, x.to});
      return;
    }
    if (!has_view) {
      auto table = members_[i].store.shown().table_at(x.what.at.index);
      view = play_member::view{
        x.what.at, std::make_shared<const publisher_table>(std::move(table))};
    }
    x.what.is_last = x.what.number + 1 == pieces;
    post(i, x.to, chunk_post{x.what, view->table});
  }

  void carry_out(std::size_t i, persist_epoch& x) {
    write(i, {play_write::kind::epoch, x.epoch});
  }
  void carry_out(std::size_t i, truncate& x) {
    write(i, {play_write::kind::cut, 0, x.first});
  }
  void carry_out(std::size_t i, write_entries& x) {
    auto first = x.first - arrived_.what.previous.index - 1;
    auto begin = arrived_.entries.begin() + static_cast<std::ptrdiff_t>(first);
    auto end = begin + static_cast<std::ptrdiff_t>(x.last - x.first + 1);
    write(i, {play_write::kind::add, 0, x.last, x.branch, {begin, end}});
  }
  void carry_out(std::size_t i, append_noop& x) {
    truth.lead(x.at.epoch, members_[i].store.shown());
    write(
      i, {play_write::kind::add,
          0,
          x.at.index,
          x.branch,
          {{x.at.epoch, 0, 0, {}, 0}}});
    auto& log = members_[i].store.shown();
    members_[i].publishers =
      options_.faults.forgets_publishers ? log.table : log.table_at(log.last());
  }

  void carry_out(std::size_t i, commit& x) {
    auto& member = members_[i];
    auto& log = member.store.shown();
    auto leads_now = leads(i);
    member.told = std::max(member.told, log.base.index);
    while (member.told < x.up_to) {
      auto index = ++member.told;
      if (index > log.last()) return truth.fail("a commit beyond the log");
      auto entry = log.at(index);
      truth.commit(index, entry, machine(i).epoch(), leads_now);
      if (leads_now && on_confirm) on_confirm(i, index, entry);
    }
  }

  void carry_out(std::size_t i, trim& x) {
    truth.check_mark(x.up_to, "what is trimmed");
    write(i, {play_write::kind::trim, 0, 0, 0, {}, x.up_to});
  }
  void carry_out(std::size_t i, compare_and_swap& x) {
    if (!cut[i][coordinator_place])
      return network.push_back({i, coordinator_place, swap_post{x}});
    lose_swap(i, x.number);
  }
  void carry_out(std::size_t i, read_record&) {
    if (!cut[i][coordinator_place])
      network.push_back({i, coordinator_place, read_post{}});
  }
  void carry_out(std::size_t, became&) {}
  void carry_out(std::size_t i, drop_log&) {
    write(i, {play_write::kind::drop});
  }
  void carry_out(std::size_t i, compare_logs& x) {
    auto sent = compare_post{x.epoch, x.first, {}};
    auto& log = members_[i].store.shown();
    sent.first = std::max(x.first, log.base.index + 1); // the rest is equal
    for (auto n = sent.first; n <= x.last; ++n)
      sent.entries.push_back(log.at(n));
    post(i, x.with, std::move(sent));
  }
  void carry_out(std::size_t, replace_store&) {
    truth.fail("a disk has other entries than it acked");
  }
  void carry_out(std::size_t i, store_chunk& x) {
    incoming_[i] = *arrived_table_;
    write(i, {play_write::kind::piece, 0, 0, 0, {}, x.at, x.number});
  }
  void carry_out(std::size_t i, install_checkpoint& x) {
    truth.check_mark(x.at, "a checkpoint");
    write(i, {play_write::kind::install, 0, 0, 0, {}, x.at, 0, incoming_[i]});
  }
  void carry_out(std::size_t, ask_for_leader&) {}
  void carry_out(std::size_t, move_ended& x) { moves.push_back(x.how); }
  void carry_out(std::size_t, abort_process& x) { truth.fail(x.why); }

  // -- arrivals

  void take(std::size_t i, member_id from, append_post& x) {
    arrived_ = std::move(x);
    tell(i, [&](auto& y, auto t) { y.on_message(from, arrived_.what, t); });
  }
  void take(std::size_t i, member_id from, chunk_post& x) {
    arrived_table_ = x.table;
    tell(i, [&](auto& y, auto t) { y.on_message(from, x.what, t); });
  }
  template <class Message>
  void take(std::size_t i, member_id from, Message& x) {
    tell(i, [&](auto& y, auto t) { y.on_message(from, x, t); });
  }
  void take(std::size_t i, member_id, compare_post& x) {
    auto& log = members_[i].store.shown();
    auto is_equal = true;
    for (std::size_t n = 0; n < x.entries.size(); ++n) {
      auto index = x.first + n;
      if (index <= log.base.index) continue;
      is_equal =
        is_equal && index <= log.last() && log.at(index) == x.entries[n];
    }
    tell(i, [&](auto& y, auto t) { y.on_compared(x.epoch, is_equal, t); });
  }
  void take(std::size_t i, member_id, swap_answer& x) {
    using outcome = swap_answer::outcome;
    tell(i, [&](auto& y, auto t) {
      if (x.how == outcome::done) y.on_swapped(x.number, x.revision, t);
      if (x.how == outcome::conflict)
        y.on_swap_conflict(x.number, x.record, x.revision, t);
      if (x.how == outcome::unknown) y.on_swap_unknown(x.number, t);
    });
  }
  void take(std::size_t i, member_id, read_answer& x) {
    tell(i, [&](auto& y, auto t) { y.on_record(x.record, x.revision, t); });
  }
  void take(std::size_t, member_id, swap_post&) {}
  void take(std::size_t, member_id, read_post&) {}

  append_post arrived_; // the append a machine is being told
  std::shared_ptr<const publisher_table> arrived_table_;
  std::array<publisher_table, 8> incoming_; // of checkpoints kept aside
  std::vector<std::pair<std::size_t, member_id>> gone_;
  bool is_dropped_ = false;
};

} // namespace troupe::test
