#pragma once

#include "engine/base/stable_hash.hpp"
#include "engine/delivery/queue_machine.hpp"
#include "engine/message/properties.hpp"
#include "tests/support/builders.hpp"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe::test {

using namespace std::chrono_literals;

/// A message to publish.
struct publish_part {
  std::string body;
  troupe::properties properties = {};
  std::string key = "key";
};

inline publish_part expiring(std::string body, int milliseconds) {
  auto made = publish_part{std::move(body)};
  made.properties.expiration = std::to_string(milliseconds);
  return made;
}

inline publish_part
with_header(std::string body, const std::string& name, field_value value) {
  auto made = publish_part{std::move(body)};
  made.properties.headers = field_table{{{name, std::move(value)}}};
  return made;
}

/// A queue machine with a make-believe store, consumers that hold what they
/// were given, and a clock the test winds on.
class queue_rig {
public:
  struct held {
    position at;
    std::string body;
    std::string key;
    std::uint32_t attempt;
    bool redelivered = false;
    std::uint32_t deliveries = 0;
    bool operator==(const held&) const = default;
  };

  explicit queue_rig(queue_options asked = {}) : options{std::move(asked)} {
    options.name = "q";
    options.id = queue_id{7};
    start();
  }

  static queue_options by_key(std::uint16_t partitions = 1) {
    auto made = queue_options{};
    made.partitions = partitions;
    made.key = [](const message& m) { return stable_hash(m.routing_key()); };
    return made;
  }

  // -- events

  void publish(
    const std::vector<std::string>& bodies,
    std::string publisher = {},
    std::vector<std::uint64_t> sequences = {},
    std::uint16_t partition = 0) {
    machine->on_publish(
      {++ticket, partition, std::move(publisher), std::move(sequences),
       batch_of(bodies)},
      now);
    act();
  }

  /// Publishes messages as a client made them.
  void send(std::vector<publish_part> messages, std::uint16_t partition = 0) {
    auto made = batch_builder{};
    auto what = troupe::publish{++ticket, partition, {}, {}, nullptr};
    for (auto& x : messages) {
      what.has_expirations |= x.properties.expiration.has_value();
      made.add({"ex", x.key, encode(x.properties), x.body});
    }
    what.messages = made.take();
    what.is_delayed = is_delayed;
    machine->on_publish(std::move(what), now);
    act();
  }

  /// A client's consumer: its messages die by the queue's rules. Says whether
  /// it may come.
  bool consume(std::uint64_t id, std::uint32_t credit = 0) {
    auto asked = subscription{};
    asked.id = consumer_id{id};
    asked.credit = credit;
    return consume(asked);
  }

  bool consume(const subscription& asked) {
    auto is_taken = machine->on_subscribe(asked);
    if (is_taken && !asked.no_ack) hands[static_cast<std::uint64_t>(asked.id)];
    act();
    return is_taken;
  }

  /// Asks for one message under the getter's id, which comes with the first.
  void get(std::uint64_t id, bool no_ack = false) {
    if (getters.insert(id).second) {
      auto asked = subscription{};
      asked.id = consumer_id{id};
      asked.is_getter = true;
      machine->on_subscribe(asked);
    }
    machine->on_get(consumer_id{id}, ++asks, no_ack);
    act();
  }

  std::uint64_t purge() {
    auto count = machine->on_purge(now);
    act();
    return count;
  }

  void subscribe(std::uint64_t id, std::uint32_t credit) {
    auto asked = subscription{};
    asked.id = consumer_id{id};
    asked.credit = credit;
    asked.retry.attempts = 3;
    asked.retry.backoff = {1s, 2.0, 1min, 0.0};
    asked.dead_output = "h.dead";
    hands[id];
    machine->on_subscribe(asked);
    act();
  }

  /// The store does the oldest thing it was asked to do.
  bool store_one() {
    if (to_store.empty()) return false;
    auto what = std::move(to_store.front());
    to_store.pop_front();
    auto& log = logs[what.partition];
    for (auto index : what.erases) log.erase(index);
    note_committed(what.entry);
    auto partition = what.partition;
    auto is_kept = options.is_durable || (what.is_spill && takes_spills);
    auto index = is_kept ? ++last_index : 0;
    if (is_kept) log.emplace(index, std::move(what.entry));
    machine->on_stored(partition, index);
    act();
    return true;
  }

  void store_all() {
    while (store_one()) {
    }
  }

  void settle(std::uint64_t consumer, settlement what) {
    machine->on_settle(consumer_id{consumer}, 1, std::move(what), now, 0.0);
    act();
  }

  /// The consumer acks the first `count` messages it has.
  void ack(std::uint64_t consumer, std::size_t count) {
    for (auto& [partition, what] : take(consumer, count)) {
      for (const auto& x : what.second) what.first.acked.push_back({x.at, 1});
      settle(consumer, std::move(what.first));
    }
  }

  void fail(
    std::uint64_t consumer,
    std::size_t count,
    bool is_final = false,
    std::optional<duration> delay = {}) {
    for (auto& [partition, what] : take(consumer, count)) {
      for (const auto& x : what.second)
        what.first.failed.push_back(
          {x.at, {now, "test", "failed " + x.body}, delay, is_final});
      settle(consumer, std::move(what.first));
    }
  }

  void give_back(std::uint64_t consumer, std::size_t count) {
    for (auto& [partition, what] : take(consumer, count)) {
      for (const auto& x : what.second)
        what.first.returned.push_back({x.at, 1});
      settle(consumer, std::move(what.first));
    }
  }

  /// The consumer ends its first `count` loans in one of the other ways.
  void end(
    std::uint64_t consumer,
    std::size_t count,
    std::vector<position_run> settlement::*how) {
    for (auto& [partition, what] : take(consumer, count)) {
      for (const auto& x : what.second) (what.first.*how).push_back({x.at, 1});
      settle(consumer, std::move(what.first));
    }
  }

  void leave(std::uint64_t consumer, std::optional<failure> crash = {}) {
    hands.erase(consumer);
    machine->on_gone(consumer_id{consumer}, crash, now, 0.0);
    act();
  }

  void wait(duration time) {
    now += time;
    machine->on_time(now);
    act();
  }

  void checkpoint() {
    machine->on_checkpoint();
    act();
  }

  /// Loses all but what is stored, and starts anew from that.
  void kill() {
    hands.clear();
    to_store.clear();
    to_load.clear();
    getters.clear();
    start();
    if (!options.is_durable) logs.clear();
    for (auto& [partition, log] : logs)
      for (auto& [index, entry] : log)
        machine->restore(partition, index, log_entry{entry});
    machine->restored();
    act();
  }

  void load_all() {
    while (!to_load.empty()) {
      auto x = to_load.front();
      to_load.pop_front();
      auto found = logs[x.partition].find(x.index);
      if (found == logs[x.partition].end()) continue; // erased since then
      auto& entry = std::get<publish_entry>(found->second);
      machine->on_loaded(x.partition, x.first, entry.messages);
      act();
    }
  }

  // -- what is seen

  std::vector<std::string> bodies(std::uint64_t consumer) {
    auto all = std::vector<std::string>{};
    for (const auto& x : hands[consumer]) all.push_back(x.body);
    return all;
  }

  /// The dead letters and whatever else the queue published and was not
  /// answered, in order.
  std::vector<std::string> letters() const {
    auto all = std::vector<std::string>{};
    for (const auto& x : forwards)
      for (std::size_t i = 0; i < x.what.messages->size(); ++i)
        all.emplace_back((*x.what.messages)[i].body());
    return all;
  }

  queue_figures figures() const { return machine->figures(); }
  std::size_t entries() const {
    auto count = std::size_t{0};
    for (const auto& [partition, log] : logs) count += log.size();
    return count;
  }

  queue_options options;
  bool is_delayed = false;  // what `publish` says of messages
  bool takes_spills = true; // the store keeps a memory queue's messages
  std::vector<got> gets;
  std::vector<activity> activities;
  std::vector<confirm> answers; // as `confirmed`, with what was refused
  std::set<std::uint64_t> getters;
  std::uint64_t asks = 0;
  time_point now{1h};
  std::unique_ptr<queue_machine> machine;
  std::map<std::uint64_t, std::deque<held>> hands; // what consumers hold
  std::vector<std::uint64_t> confirmed;
  std::deque<forward> forwards;
  std::deque<fetch> to_load;
  std::deque<log_append> to_store;
  std::map<std::uint16_t, std::map<log_index, log_entry>> logs;
  std::map<position, int> settled; // how often, by committed entries
  std::uint64_t ticket = 0;
  log_index last_index = 0;
  std::vector<std::string> lent; // every body ever lent, in order
  std::function<void(std::uint64_t consumer, const held&)> on_lent;

private:
  void start() { machine = std::make_unique<queue_machine>(options); }

  void act() {
    machine->lend();
    auto todo = machine->take_actions();
    for (auto& x : todo.appends) to_store.push_back(std::move(x));
    for (auto& x : todo.erases) logs[x.partition].erase(x.index);
    for (auto& x : todo.confirms) confirmed.push_back(x.ticket);
    for (auto& x : todo.confirms) answers.push_back(std::move(x));
    for (auto& x : todo.activities) activities.push_back(x);
    for (auto& x : todo.gets) take_got(std::move(x));
    for (auto& x : todo.forwards) forwards.push_back(std::move(x));
    for (auto& x : todo.fetches) to_load.push_back(x);
    for (auto& x : todo.deliveries)
      for (auto& run : x.runs)
        for (std::uint32_t i = 0; i < run.count; ++i)
          hand(static_cast<std::uint64_t>(x.to), run, i);
  }

  void hand(std::uint64_t to, const loaned_run& run, std::uint32_t i) {
    auto m = run[i];
    auto x =
      held{run.at + i,  std::string{m.body()}, std::string{m.routing_key()},
           run.attempt, run.redelivered,       run.deliveries};
    lent.push_back(x.body);
    if (on_lent) on_lent(to, x);
    hands[to].push_back(std::move(x));
  }

  void take_got(got&& x) {
    if (x.run) hand(static_cast<std::uint64_t>(x.to), *x.run, 0);
    gets.push_back(std::move(x));
  }

  void note_committed(const log_entry& entry) {
    if (auto* x = std::get_if<settle_entry>(&entry))
      for (const auto& run : x->settled)
        for (std::uint32_t i = 0; i < run.count; ++i) ++settled[run.first + i];
  }

  std::map<std::uint16_t, std::pair<settlement, std::vector<held>>>
  take(std::uint64_t consumer, std::size_t count) {
    auto parts =
      std::map<std::uint16_t, std::pair<settlement, std::vector<held>>>{};
    auto& hand = hands[consumer];
    for (std::size_t i = 0; i < count && !hand.empty(); ++i) {
      auto x = std::move(hand.front());
      hand.pop_front();
      auto& part = parts[partition_of(x.at)];
      part.first.partition = partition_of(x.at);
      part.second.push_back(std::move(x));
    }
    return parts;
  }
};

/// A rig whose queue keeps nothing when its machine ends.
inline queue_rig memory_rig(queue_options options = {}) {
  options.is_durable = false;
  return queue_rig{std::move(options)};
}

} // namespace troupe::test
