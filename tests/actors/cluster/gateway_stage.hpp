#pragma once

#include "actors/cluster/gateway_actor.hpp"
#include "actors/cluster/locator_actor.hpp"
#include "actors/cluster/shard_frames.hpp"
#include "actors/directory_actor.hpp"
#include "actors/queue_actor.hpp"
#include "engine/delivery/queue_groups.hpp"
#include "engine/store/entry_codec.hpp"
#include "tests/actors/cluster/toy_network.hpp"
#include "tests/engine/cluster/members.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/sandbox.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::test {

using namespace std::chrono_literals;
using cluster::member_id;

/// The log of all groups, which every member has, as if replicated at once.
class shared_log {
public:
  store_actor spawn(sandbox& box) {
    return box.spawn(
      [this](store_actor::pointer self) -> store_actor::behavior_type {
        return {
          [this, self](store::commit& msg) {
            commit(caf::actor_cast<queue_actor>(self->current_sender()), msg);
          },
          [](store::flush) {},
          [](store::look) {},
          [](const store::define&) { return store::defined{}; },
          [](const store::drop&) {},
        };
      });
  }

  /// What a queue has in a group, as a member reads it that begins to lead.
  std::shared_ptr<queue_machine>
  recover(const queue_options& queue, group_id group) const {
    auto made = std::make_shared<queue_machine>(queue);
    auto found = entries_.find(group);
    if (found != entries_.end())
      for (const auto& [index, x] : found->second)
        made->restore(x.first, index, decode(x.second).value());
    made->restored();
    return made;
  }

  bool loses = false; // what comes now is not stored
  bool holds = false; // what is stored is not answered
  std::vector<std::pair<queue_actor, queue::stored>> held;
  std::size_t commits = 0;
  std::vector<log_index> erased; // as was asked for

private:
  void commit(const queue_actor& from, const store::commit& msg) {
    ++commits;
    if (loses) return;
    auto answer = queue::stored{};
    for (std::size_t i = 0; i < msg.what.appends.size(); ++i) {
      const auto& x = msg.what.appends[i];
      auto bytes = x.entry.head;
      if (x.entry.body) bytes += x.entry.body->bytes();
      entries_[x.group][++last_] = {msg.partitions[i], bytes};
      answer.what.emplace_back(msg.partitions[i], last_);
      erase_effects(x.group, bytes);
    }
    if (msg.what.appends.empty())
      for (auto partition : msg.partitions)
        answer.what.emplace_back(partition, 0);
    for (auto at : msg.what.erases) {
      entries_[at.group].erase(at.index);
      erased.push_back(at.index);
    }
    if (holds)
      held.emplace_back(from, answer);
    else
      caf::anon_send(from, answer);
  }

  void erase_effects(group_id group, const std::string& bytes) {
    for (auto index : effects_of(bytes).value().erases)
      entries_[group].erase(index);
  }

  using entry = std::pair<std::uint16_t, std::string>; // partition, bytes
  std::map<group_id, std::map<log_index, entry>> entries_;
  log_index last_ = 0;
};

/// What of a member has to do with one queue.
struct queue_member {
  std::shared_ptr<toy_network::links> links;
  std::shared_ptr<session_register> sessions =
    std::make_shared<session_register>();
  directory_actor shards;
  directory_actor queues;
  locator_actor locator;
  gateway_actor gate;
  std::map<group_id, queue_actor> led;
};

/// A queue on two members in one system: real gateways, sessions and shards,
/// joined by links that break when the test says so. The test is the client of
/// both gateways.
class gateway_stage {
public:
  explicit gateway_stage(std::uint16_t partitions = 1) {
    options.name = "orders";
    options.id = queue_id{1};
    options.partitions = partitions;
    if (partitions > 1) options.key = [](const message&) { return 1; };
    places.store = log.spawn(box);
    places.is_full = std::make_shared<std::atomic<bool>>(false);
    places.reader = spawn_empty_reader(box);
    gate->set({cluster::local_time::min(), cluster::local_time::max()});
    for (auto id : {one, two}) open(id);
  }

  group_id group(std::uint16_t partition = 0) const {
    return group_of(options, partition);
  }

  // -- who leads

  /// Lets a member lead a group: its shard comes up there.
  void lead(member_id id, std::uint16_t partition = 0) {
    start_shard(id, partition);
    tell_leader(id, partition);
  }

  void tell_leader(member_id id, std::uint16_t partition = 0) {
    for (auto& [to, x] : members)
      box.tell(x.locator, gates::leads{group(partition), id});
    settle();
  }

  void start_shard(member_id id, std::uint16_t partition = 0) {
    auto at = group(partition);
    auto start = queue_start{options, {}, log.recover(options, at)};
    start.shard = queue_shard{at, ++epoch_, gate};
    auto with = places;
    with.directory = members[id].shards;
    members[id].led[at] = box.spawn(run_queue, with, std::move(start));
    settle();
  }

  void end_shard(
    member_id id,
    std::uint16_t partition = 0,
    caf::exit_reason why = caf::exit_reason::user_shutdown) {
    caf::anon_send_exit(members[id].led[group(partition)], why);
    members[id].led.erase(group(partition));
    settle();
  }

  /// A failover: what the store did not get is lost.
  void move(member_id from, member_id to, std::uint16_t partition = 0) {
    end_shard(from, partition);
    log.held.clear();
    log.holds = log.loses = false;
    lead(to, partition);
  }

  // -- links

  void break_link(member_id from, member_id to) {
    net.cut(from, to);
    box.tell(members[from].locator, gates::link_changed{to, false});
    settle();
  }

  void mend_link(member_id from, member_id to) {
    net.heal(from, to);
    box.tell(members[from].locator, gates::link_changed{to, true});
    settle();
  }

  /// Plays until nothing is under way.
  void settle() {
    do box.play();
    while (net.deliver());
    box.play();
  }

  void wait(caf::timespan time) {
    box.wait(time);
    settle();
  }

  // -- what clients do

  void publish(
    member_id at,
    std::uint64_t ticket,
    const std::vector<std::string>& bodies,
    std::uint16_t partition = 0) {
    auto what = troupe::publish{};
    what.ticket = ticket;
    what.partition = partition;
    what.messages = batch_of(bodies);
    box.tell(members[at].gate, queue::enqueue{{what}});
    settle();
  }

  /// Returns the tickets confirmed since last time, in order.
  std::vector<std::uint64_t> confirmed() {
    auto all = std::vector<std::uint64_t>{};
    while (auto x = box.take<router::confirmed>())
      all.insert(all.end(), x->tickets.begin(), x->tickets.end());
    return all;
  }

  void consume(member_id at, std::uint64_t number, std::uint32_t credit) {
    auto asked = subscription{};
    asked.credit = credit;
    box.tell(members[at].gate, queue::subscribe{asked, number});
    settle();
  }

  void ack(member_id at, std::uint64_t number, position which) {
    auto what = settlement{};
    what.acked.push_back({which, 1});
    box.tell(members[at].gate, queue::settle{0, {what}, number});
    settle();
  }

  struct lent {
    std::string body;
    position at = 0;
    std::uint32_t attempt = 0;
  };

  /// Returns what was delivered since last time.
  std::vector<lent> deliveries() {
    auto all = std::vector<lent>{};
    while (auto x = box.take<consumer::deliver>())
      for (const auto& run : x->runs)
        for (std::uint32_t i = 0; i < run.count; ++i)
          all.push_back({std::string{run[i].body()}, run.at + i, run.attempt});
    return all;
  }

  std::vector<std::string> bodies() {
    auto all = std::vector<std::string>{};
    for (const auto& x : deliveries()) all.push_back(x.body);
    return all;
  }

  /// Asks a gateway, and lets frames travel meanwhile; nothing if it does not
  /// answer.
  template <class Answer, class Question>
  std::optional<Answer> ask(member_id at, Question what) {
    auto answer = std::optional<Answer>{};
    auto asker =
      box.spawn([&, to = members[at].gate](caf::event_based_actor* self) {
        self->request(to, caf::infinite, what)
          .then(
            [&](Answer& x) { answer = std::move(x); },
            [](const caf::error&) {});
      });
    settle();
    return answer;
  }

  /// Returns how many messages are stored.
  std::uint64_t kept() const {
    return log.recover(options, group())->figures().length;
  }

  sandbox box;
  toy_network net;
  shared_log log;
  queue_options options;
  queue_places places;
  std::shared_ptr<cluster::handling_gate> gate =
    std::make_shared<cluster::handling_gate>();
  std::map<member_id, queue_member> members;

private:
  void open(member_id id) {
    auto& x = members[id];
    x.links = net.open(id);
    x.shards = box.spawn(run_directory);
    x.queues = box.spawn(run_directory);
    x.locator = box.spawn(run_locator, x.links, x.sessions, x.shards);
    take_shard_frames(*x.links, x.sessions, x.locator);
    x.gate = box.spawn(
      run_gateway, gateway_places{id, x.links, x.locator, x.queues}, options,
      "gateway:" + std::to_string(static_cast<unsigned>(id)));
  }

  std::uint64_t epoch_ = 0;
};

inline bool is_done(const std::optional<edge::answered>& x) {
  return x && std::holds_alternative<amqp::done>(x->what);
}

} // namespace troupe::test
