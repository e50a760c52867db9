#pragma once

#include "engine/cluster/choose_leader.hpp"
#include "tests/engine/cluster/play_shell.hpp"

#include <optional>
#include <vector>

namespace troupe::test {

/// A cluster in one thread, with publishers, a controller and handlers.
class cluster_play : public play_shell {
public:
  using play_shell::play_shell;

  /// Delivers and writes until nothing is under way.
  void settle() {
    for (int n = 0; n < 1000; ++n) {
      auto is_idle = network.empty();
      for (auto& x : members_) is_idle = is_idle && x.store.pending() == 0;
      if (is_idle) return;
      for (std::size_t i = 0; i < size(); ++i) sync_all(i);
      deliver_all();
    }
  }

  /// Lets time pass in steps of a millisecond, with ticks, and all else done.
  void pass(local_span time) {
    for (auto end = now + time; now < end;) {
      now += 1ms;
      for (std::size_t i = 0; i < size(); ++i)
        if (runs(i)) tick(i);
      settle();
      check();
    }
  }
  // -- publishing

  /// Publishes one message at a member; its answer, `next` also where the
  /// machine refused, then with no index.
  struct published {
    numbering_answer how;
    log_index index = 0;
  };
  published
  publish(std::size_t i, std::uint16_t publisher, publisher_mark mark) {
    auto& x = members_[i];
    // Before its first entry a leader's table may be of entries that are gone.
    if (!runs(i) || machine(i).role() < replica_role::accepting)
      return {{numbering::next}};
    auto name = publisher_name(publisher);
    auto how = x.publishers.judge(name, mark, 1);
    if (how.what == numbering::repeat) {
      auto place = x.publishers.places().find(name)->second;
      return {how, place.index};
    }
    if (how.what != numbering::next) return {how};
    auto entry = play_entry{0, ++values_, publisher, mark, 0};
    return {how, add(i, entry)};
  }

  /// Adds an entry at a leader; 0 where it is refused, for good.
  log_index add(std::size_t i, play_entry entry) {
    auto& x = members_[i];
    auto is_odd = entry.value % 2 == 1;
    auto kind = is_odd ? append_kind::adds : append_kind::settles;
    auto answer = machine(i).on_append(1, local(i), kind);
    if (answer.why != refusal::none) {
      truth.refuse(entry.value);
      return 0;
    }
    entry.epoch = answer.epoch;
    apply(x.publishers, entry, answer.first);
    write(i, {play_write::kind::add, 0, answer.first, answer.branch, {entry}});
    obey(i);
    return answer.first;
  }
  // -- the controller

  std::vector<registered_member> present() {
    auto made = std::vector<registered_member>{};
    for (std::size_t i = 0; i < size(); ++i) {
      if (!members_[i].machine) continue;
      auto store = members_[i].store.id;
      auto entry = coordinator.record.find_in_sync(id(i));
      if (entry && options_.faults.elects_any_disk) store = entry->store;
      made.push_back({id(i), store});
    }
    return made;
  }

  std::vector<log_answer> answers() {
    auto made = std::vector<log_answer>{};
    for (std::size_t i = 0; i < size(); ++i)
      if (runs(i))
        made.push_back({id(i), members_[i].store.id, machine(i).log().end()});
    return made;
  }

  /// Puts another leader into the record, or nobody.
  void elect(std::optional<member_id> member, bool drops_old) {
    auto next = next_epoch(
      coordinator.record, member.value_or(nobody), record_cause::failover);
    if (member && options_.faults.elects_anyone)
      if (!next.find_in_sync(*member))
        next.in_sync.push_back({*member, members_[place(*member)].store.id});
    // Of those in sync only a leader is known to have all.
    if (drops_old && member)
      drop_from_sync(next, coordinator.record.leader, least());
    coordinator.swap(next, coordinator.revision);
  }

  /// Returns how many the record wants in sync at least.
  std::uint32_t least() const {
    auto least = coordinator.record.min_in_sync;
    return least > 0 ? least : options_.machine.min_in_sync;
  }
  // -- handlers and checks

  bool may_handle(std::size_t i) {
    return runs(i) && machine(i).window().contains(local(i));
  }

  void start_handler(std::size_t i, double share_of_budget) {
    auto& x = members_[i];
    if (!may_handle(i) || x.is_handling) return;
    auto budget =
      static_cast<double>(options_.machine.lease.handler_budget.count());
    x.is_handling = true;
    x.handling_until = now
                       + local_span{static_cast<std::int64_t>(
                         budget * share_of_budget / x.rate)};
  }

  /// I4, I8, and that as many are in sync as the record says. Called after
  /// each step.
  void check() {
    if (coordinator.record.in_sync.size() < least())
      truth.fail("fewer are in sync than the record wants");
    auto who = std::optional<std::size_t>{};
    for (std::size_t i = 0; i < size(); ++i) {
      end_handler(i);
      if (!may_handle(i)) continue;
      members_[i].opened_window = true;
      if (who) truth.fail("two members may handle");
      who = i;
    }
    for (std::size_t i = 0; who && i < size(); ++i)
      if (i != *who && members_[i].is_handling && !members_[i].is_paused)
        truth.fail("a member may handle while a handler runs elsewhere");
  }

  /// Tells a leader that gives its group away that its handlers are done.
  void drain(std::size_t i) {
    if (!runs(i) || machine(i).role() != replica_role::draining) return;
    if (members_[i].is_handling && !options_.faults.drains_at_once) return;
    tell(i, [](auto& x, auto t) { x.on_drained(t); });
  }

private:
  void end_handler(std::size_t i) {
    auto& x = members_[i];
    if (x.is_handling && now >= x.handling_until) x.is_handling = false;
  }
};

} // namespace troupe::test
