#pragma once

#include "engine/replication/checkpoint_desk.hpp"
#include "engine/replication/group_replica.hpp"
#include "engine/ring/slot_map.hpp"
#include "tests/engine/store/store_play.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>

namespace troupe::test {

using namespace cluster;
using namespace std::chrono_literals;

/// How long things take.
struct resync_times {
  local_span network = 1ms;
  local_span sync = 4ms; // of a disk, whatever is written
  local_span seek = 100us;
  std::size_t read_bytes = 200; // in a microsecond
  local_span swap = 5ms;
  local_span tick = 50ms;
};

/// Three members with all groups each, on a clock that jumps from event to
/// event: one writer, one reader and the links of a member are shared by its
/// groups, as they are in a node.
class resync_play {
public:
  explicit resync_play(const group_replica::options& options = {})
    : options_{options} {
    for (auto& x : members_) {
      x.store = log_store::open(options_in(x.folder.path())).value();
      x.id = parse_store_id(x.store->store_id()).value();
    }
    for (std::size_t g = 0; g < troupe::groups; ++g) {
      auto& record = records_[g].what;
      record.epoch = 1;
      record.leader = id(g % members_.size());
      for (std::size_t i = 0; i < members_.size(); ++i) {
        record.replicas.push_back(id(i));
        record.in_sync.push_back({id(i), store_of(i)});
      }
    }
    for (std::size_t i = 0; i < members_.size(); ++i) start(i);
    tick();
  }

  static member_id id(std::size_t i) {
    return member_id{static_cast<std::uint16_t>(i + 1)};
  }

  const resync_times times;
  local_time now{1h};
  std::size_t compared = 0;    // messages with sums
  std::size_t checkpoints = 0; // installed
  std::size_t refused = 0;     // entries

  // -- lives

  void start(std::size_t i) {
    auto& x = members_[i];
    if (!x.store)
      x.store = log_store::open(options_in(x.folder.path())).value();
    x.desk = std::make_unique<checkpoint_desk>(*x.store);
    auto options = options_;
    options.machine.self = id(i);
    options.machine.store = store_of(i);
    for (std::size_t g = 0; g < troupe::groups; ++g) {
      options.group = group_of(g);
      x.replicas.push_back(group_replica::open(options, *x.store, now).value());
      watch(i, g);
    }
    for (std::size_t j = 0; j < members_.size(); ++j) {
      if (j == i || members_[j].replicas.empty()) continue;
      connect(i, j);
      connect(j, i);
    }
  }

  /// Kills a member, with what was not yet on its disk, and has others lead
  /// its groups.
  void kill(std::size_t i) {
    auto& x = members_[i];
    ++x.life;
    x.replicas.clear();
    x.writes.clear();
    x.reads.clear();
    x.is_writing = x.is_reading = false;
    x.desk.reset();
    x.store.reset();
    for (std::size_t g = 0; g < troupe::groups; ++g) {
      for (std::size_t j = 0; j < members_.size(); ++j)
        tell(j, g, [&](auto& y) { y.on_unreachable(id(i), now); });
      if (records_[g].what.leader == id(i)) fail_over(g, i);
    }
  }

  // -- time

  void run(local_span time) {
    auto until = now + time;
    while (!events_.empty() && events_.begin()->first <= until) step();
    now = until;
  }

  /// Returns how long it took until a member was in sync everywhere; the
  /// most, where it was not.
  local_span run_until_in_sync(std::size_t i, local_span most) {
    auto begun = now;
    while (now < begun + most && !is_in_sync(i)) step();
    return now - begun;
  }

  bool is_in_sync(std::size_t i) const {
    return std::ranges::all_of(records_, [&](const auto& x) {
      return x.what.is_in_sync(id(i), store_of(i));
    });
  }

  /// Adds so many entries to each group now, and, where `every` is above 0,
  /// again and again.
  void publish(std::size_t count, local_span every = 0ms) {
    for (std::size_t g = 0; g < troupe::groups; ++g) publish_to(g, count);
    if (every > 0ms) at(every, [this, count, every] { publish(count, every); });
  }

  std::size_t published() const { return published_; }
  std::size_t confirmed() const { return confirmed_; }
  const log_store& store(std::size_t i) const { return *members_[i].store; }

private:
  struct member {
    temp_folder folder;
    std::unique_ptr<log_store> store;
    store_id id;
    std::unique_ptr<checkpoint_desk> desk;
    std::vector<group_replica> replicas; // none: it is down
    std::uint64_t life = 0;
    std::deque<std::pair<std::size_t, write_job>> writes;
    std::deque<std::function<local_span()>> reads;
    bool is_writing = false;
    bool is_reading = false;
  };

  struct kept_record {
    group_record what;
    revision_number revision = 1;
  };

  static group_id group_of(std::size_t g) {
    return group_id{static_cast<std::uint8_t>(g)};
  }

  store_id store_of(std::size_t i) const { return members_[i].id; }

  void at(local_span later, std::function<void()> what) {
    events_.emplace(now + later, std::move(what));
  }

  /// Does it later, unless the member is killed before.
  void at(local_span later, std::size_t i, std::function<void()> what) {
    at(later, [this, i, life = members_[i].life, what = std::move(what)] {
      auto& x = members_[i];
      if (x.life == life && !x.replicas.empty()) what();
    });
  }

  void step() {
    auto next = events_.extract(events_.begin());
    now = std::max(now, next.key());
    next.mapped()();
  }

  void tick() {
    for (std::size_t i = 0; i < members_.size(); ++i)
      for (std::size_t g = 0; g < troupe::groups; ++g)
        tell(i, g, [&](auto& x) { x.on_tick(now); });
    at(times.tick, [this] { tick(); });
  }

  template <class Event>
  void tell(std::size_t i, std::size_t g, Event event) {
    if (members_[i].replicas.size() <= g) return;
    members_[i].replicas[g].tell(event, now);
    take(i, g);
  }

  void watch(std::size_t i, std::size_t g) {
    tell(i, g, [&](auto& x) {
      x.on_record(records_[g].what, records_[g].revision, now);
    });
  }

  void connect(std::size_t i, std::size_t to) {
    for (std::size_t g = 0; g < troupe::groups; ++g)
      tell(i, g, [&](auto& x) { x.on_connected(id(to), now); });
  }

  void fail_over(std::size_t g, std::size_t dead) {
    auto& x = records_[g];
    ++x.revision;
    ++x.what.epoch;
    x.what.leader = id((dead + 1) % members_.size());
    std::erase_if(
      x.what.in_sync, [&](const auto& y) { return y.member == id(dead); });
    for (std::size_t i = 0; i < members_.size(); ++i) watch(i, g);
  }

  void publish_to(std::size_t g, std::size_t count) {
    auto i = static_cast<std::size_t>(records_[g].what.leader) - 1;
    if (members_[i].replicas.empty()) return;
    auto& x = members_[i].replicas[g];
    auto entries = std::vector<encoded_entry>{};
    for (std::size_t n = 0; n < count; ++n) {
      auto made = settle_entry{};
      made.queue = queue_id{1};
      auto key = "k" + std::to_string(published_ % 50);
      made.changes.push_back({"h", "", key, std::string(100, 'v')});
      entries.push_back(encode(log_entry{made}, x.epoch()));
    }
    auto why = x.append(std::move(entries), ++published_, now);
    if (why != refusal::none) ++refused;
    take(i, g);
  }

  // -- what a replica wants done

  void take(std::size_t i, std::size_t g) {
    auto& x = members_[i];
    auto work = x.replicas[g].take_work();
    for (auto& job : work.writes) x.writes.emplace_back(g, std::move(job));
    for (auto& job : work.reads) read(i, g, job);
    for (auto& job : work.pieces) cut(i, g, job);
    for (auto& [to, bytes] : work.messages) send(i, to, std::move(bytes));
    for (const auto& end : work.ended) confirmed_ += end.is_committed;
    for (const auto& other : work.others) carry_out(i, g, other);
    if (!x.writes.empty() && !std::exchange(x.is_writing, true)) write(i);
  }

  void send(std::size_t from, member_id to, std::string bytes) {
    auto there = static_cast<std::size_t>(to) - 1;
    if (members_[there].replicas.empty()) return;
    at(times.network, there, [this, from, there, bytes = std::move(bytes)] {
      auto message = decode_group_message(bytes).value();
      auto g = static_cast<std::size_t>(message.group);
      compared += std::holds_alternative<log_sums>(message.what);
      members_[there].replicas[g].on_message(id(from), message.what, now);
      take(there, g);
    });
  }

  /// Writes all that waits, as one; a step of an install goes by itself.
  void write(std::size_t i) {
    auto jobs = std::make_shared<decltype(member::writes)>(
      std::exchange(members_[i].writes, {}));
    auto steps = std::ranges::count_if(
      *jobs, [](const auto& x) { return !x.second.what.installs.empty(); });
    at(times.sync + steps * times.seek, i, [this, i, jobs] {
      auto& x = members_[i];
      for (auto& [g, job] : *jobs) {
        job.what.sync = false; // nobody pulls the plug
        for (auto step : job.what.installs) checkpoints += step.is_last;
        if (auto done = x.store->commit(job.what); !done)
          FAIL(done.error().detail);
      }
      x.is_writing = false;
      for (const auto& [g, job] : *jobs) {
        x.replicas[g].on_written(job.number, now);
        take(i, g);
      }
    });
  }

  void read(std::size_t i, std::size_t g, const read_job& job) {
    queue_read(i, [this, i, g, job] {
      auto& x = members_[i];
      auto found =
        x.store->read_raw(group_of(g), job.from, job.last, 1 << 20).value();
      auto bytes = std::size_t{0};
      for (const auto& entry : found) bytes += entry.size();
      at(cost_of(bytes), i, [this, i, g, job, found = std::move(found)] {
        members_[i].replicas[g].on_read(job.number, found, now);
        take(i, g);
      });
      return cost_of(bytes);
    });
  }

  void cut(std::size_t i, std::size_t g, const piece_job& job) {
    queue_read(i, [this, i, g, job] {
      auto made = members_[i].desk->piece(group_of(g), job, now).value();
      auto cost = cost_of(made.bytes.size());
      at(cost, i, [this, i, g, job, made = std::move(made)] {
        members_[i].replicas[g].on_piece(job.number, made, now);
        take(i, g);
      });
      return cost;
    });
  }

  local_span cost_of(std::size_t bytes) const {
    return times.seek + std::chrono::microseconds{bytes / times.read_bytes};
  }

  void queue_read(std::size_t i, std::function<local_span()> what) {
    auto& x = members_[i];
    x.reads.push_back(std::move(what));
    if (!std::exchange(x.is_reading, true)) read_on(i);
  }

  void read_on(std::size_t i) {
    auto& x = members_[i];
    if (x.reads.empty()) {
      x.is_reading = false;
      return;
    }
    auto next = std::move(x.reads.front());
    x.reads.pop_front();
    at(next(), i, [this, i] { read_on(i); });
  }

  void carry_out(std::size_t i, std::size_t g, const replica_action& what) {
    if (auto* x = std::get_if<abort_process>(&what)) FAIL(x->why);
    if (std::get_if<replace_store>(&what)) FAIL("a store is taken for bad");
    if (std::get_if<read_record>(&what))
      at(times.swap, i, [this, i, g] { watch(i, g); });
    auto* swap = std::get_if<compare_and_swap>(&what);
    if (swap) at(times.swap, [this, i, g, x = *swap] { answer(i, g, x); });
  }

  void answer(std::size_t i, std::size_t g, const compare_and_swap& x) {
    auto& record = records_[g];
    auto is_done = x.expected == record.revision;
    if (is_done) record = {x.record, record.revision + 1};
    tell(i, g, [&](auto& y) {
      if (is_done)
        y.on_swapped(x.number, record.revision, now);
      else
        y.on_swap_conflict(x.number, record.what, record.revision, now);
    });
    for (std::size_t j = 0; j < members_.size(); ++j)
      if (j != i) watch(j, g);
  }

  group_replica::options options_;
  std::array<member, 3> members_;
  std::array<kept_record, troupe::groups> records_;
  std::multimap<local_time, std::function<void()>> events_;
  std::size_t published_ = 0; // appends
  std::size_t confirmed_ = 0;
};

} // namespace troupe::test
