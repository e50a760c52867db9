#pragma once

#include "engine/cluster/choose_leader.hpp"
#include "engine/replication/checkpoint_desk.hpp"
#include "engine/replication/group_replica.hpp"
#include "tests/engine/store/store_play.hpp"

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>

namespace troupe::test {

using namespace cluster;
using namespace std::chrono_literals;

constexpr auto play_group = group_id{5};

/// A member: a real store, a real replica, and what is on its way to the disk.
struct play_replica {
  temp_folder folder;
  std::unique_ptr<log_store> store;
  std::unique_ptr<checkpoint_desk> desk; // of the store
  std::optional<group_replica> replica;  // none: it is down
  std::deque<write_job> writes;
  std::deque<read_job> reads;
  std::deque<piece_job> pieces;
};

/// Three members in one thread, with messages that get lost, repeated and
/// reordered, disks that are slow, and members that are killed.
class replica_play {
public:
  explicit replica_play(
    std::uint32_t seed,
    std::size_t tail_bytes = 1 << 20,
    log_index trim_every = 1,
    log_index kept_entries = 100'000,
    std::size_t piece_bytes = 700,
    std::uint64_t window_bytes = replica_options{}.window_bytes)
    : random_{seed},
      tail_bytes_{tail_bytes},
      trim_every_{trim_every},
      kept_entries_{kept_entries},
      piece_bytes_{piece_bytes},
      window_bytes_{window_bytes} {
    for (std::size_t i = 0; i < members.size(); ++i) {
      open_store(i);
      record.replicas.push_back(id(i));
      record.in_sync.push_back({id(i), store_of(i)});
    }
    record.epoch = 1;
    record.leader = id(0);
    for (std::size_t i = 0; i < members.size(); ++i) start(i);
  }

  static member_id id(std::size_t i) {
    return member_id{static_cast<std::uint16_t>(i + 1)};
  }

  // -- what there is

  std::array<play_replica, 3> members;
  group_record record;
  revision_number revision = 1;
  local_time now{1h};
  struct post {
    std::size_t from;
    std::size_t to;
    std::string bytes;
  };
  std::deque<post> network;
  bool is_lossy = false;

  // -- what was seen
  std::map<std::uint64_t, std::string> asked;   // ticket: the key it sets
  std::map<std::uint64_t, log_index> confirmed; // ticket: its index
  std::map<std::uint64_t, std::vector<log_index>> erasing; // by a checkpoint
  std::set<std::uint64_t> lost;
  std::set<log_index> erasable; // confirmed and not erased
  std::size_t pieces_sent = 0;
  std::size_t installed = 0; // checkpoints, by their last step
  std::size_t killed_in_install = 0;
  std::set<std::size_t> replaced; // whose disk is not what it acked

  bool chance(double of) {
    return std::uniform_real_distribution{}(random_) < of;
  }
  std::size_t pick(std::size_t below) { return random_() % below; }

  // -- lives

  void start(std::size_t i) {
    auto& x = members[i];
    open_store(i);
    auto options = group_replica::options{};
    options.group = play_group;
    options.machine.self = id(i);
    options.machine.store = store_of(i);
    options.tail_bytes = tail_bytes_;
    options.trim_every = trim_every_;
    options.machine.kept_entries = kept_entries_;
    options.machine.window_bytes = window_bytes_;
    x.replica = group_replica::open(options, *x.store, now).value();
    watch(i);
    for (std::size_t j = 0; j < members.size(); ++j)
      tell(j, [&](auto& y) {
        if (j != i) y.on_connected(id(i), now);
      });
  }

  void kill(std::size_t i) {
    auto& x = members[i];
    if (!x.replica) return;
    for (auto some = pick(x.writes.size() + 1); some > 0; --some) write_one(i);
    if (is_installing(i)) ++killed_in_install;
    x.replica.reset();
    x.writes.clear();
    x.reads.clear();
    x.pieces.clear();
    x.desk.reset();
    x.store.reset();
  }

  void watch(std::size_t i) {
    tell(i, [&](auto& x) { x.on_record(record, revision, now); });
  }

  template <class Event>
  void tell(std::size_t i, Event event) {
    if (!members[i].replica) return;
    members[i].replica->tell(event, now);
    take(i);
  }

  // -- what a client does

  std::optional<std::size_t> leader() {
    for (std::size_t i = 0; i < members.size(); ++i)
      if (members[i].replica && record.leader == id(i)) return i;
    return {};
  }

  /// Sets a key of its own; sometimes also erases what was confirmed.
  void publish() {
    auto at = leader();
    if (!at) return;
    auto& x = *members[*at].replica;
    auto ticket = ++tickets_;
    auto entries = std::vector<encoded_entry>{};
    if (erasable.size() > 5 && chance(0.3)) {
      auto made = checkpoint_entry{};
      made.queue = queue_id{1};
      made.erases.assign(erasable.begin(), std::next(erasable.begin(), 3));
      entries.push_back(encode(log_entry{made}, x.epoch()));
      if (x.append(entries, ticket, now) == refusal::none) {
        erasing[ticket] = made.erases;
        for (auto index : made.erases) erasable.erase(index);
      }
    } else {
      auto made = settle_entry{};
      made.queue = queue_id{1};
      auto key = "k" + std::to_string(ticket);
      made.changes.push_back({"h", "", key, "v" + key});
      entries.push_back(encode(log_entry{made}, x.epoch()));
      if (x.append(entries, ticket, now) == refusal::none) asked[ticket] = key;
    }
    take(*at);
  }

  // -- what happens

  void write_one(std::size_t i) {
    auto& x = members[i];
    if (x.writes.empty()) return;
    auto job = std::move(x.writes.front());
    x.writes.pop_front();
    auto done = x.store->commit(job.what);
    if (!done) FAIL(done.error().detail);
    for (auto step : job.what.installs) {
      is_begun_[i] = !step.is_last;
      installed += step.is_last;
    }
    if (!x.replica) return;
    x.replica->on_written(job.number, now);
    take(i);
  }

  void read_one(std::size_t i) {
    auto& x = members[i];
    if (x.reads.empty()) return;
    auto job = x.reads.front();
    x.reads.pop_front();
    auto found = x.store->read_raw(play_group, job.from, job.last, 300).value();
    x.replica->on_read(job.number, found, now);
    take(i);
  }

  void cut_one(std::size_t i) {
    auto& x = members[i];
    if (x.pieces.empty()) return;
    auto job = x.pieces.front();
    x.pieces.pop_front();
    auto made = x.desk->piece(play_group, job, now);
    if (!made) FAIL(made.error().detail);
    pieces_sent += made->how == piece_answer::state::cut;
    x.replica->on_piece(job.number, *made, now);
    take(i);
  }

  /// Views are dropped, as if nobody had asked for long.
  void drop_views(std::size_t i) {
    if (members[i].desk) members[i].desk->drop(play_group);
  }

  /// True where the store is between two steps.
  bool is_installing(std::size_t i) const { return is_begun_[i]; }

  void deliver(std::size_t n) {
    auto what = network[n];
    if (!is_lossy || !chance(0.05)) network.erase(network.begin() + n);
    if (is_lossy && chance(0.05)) return;
    auto& x = members[what.to];
    if (!x.replica) return;
    auto message = decode_group_message(what.bytes).value();
    x.replica->on_message(id(what.from), message.what, now);
    take(what.to);
  }

  void tick(duration time) {
    now += time;
    for (std::size_t i = 0; i < members.size(); ++i)
      tell(i, [&](auto& x) { x.on_tick(now); });
  }

  /// Makes another member the leader, one that is in sync and up.
  void elect() {
    auto able = std::vector<std::size_t>{};
    for (std::size_t i = 0; i < members.size(); ++i)
      if (members[i].replica && record.is_in_sync(id(i), store_of(i)))
        able.push_back(i);
    if (able.empty()) return;
    ++record.epoch;
    ++revision;
    record.leader = id(able[pick(able.size())]);
    for (std::size_t i = 0; i < members.size(); ++i)
      if (chance(0.9)) watch(i);
  }

  /// Lets everything that is under way happen, in order, with time passing.
  void settle(int rounds = 200) {
    for (int n = 0; n < rounds; ++n) {
      if (std::exchange(wants_leader_, false)) elect();
      tick(50ms);
      for (std::size_t i = 0; i < members.size(); ++i) {
        watch(i);
        while (!members[i].writes.empty()) write_one(i);
        while (!members[i].reads.empty()) read_one(i);
        while (!members[i].pieces.empty()) cut_one(i);
      }
      for (auto left = network.size(); left > 0 && !network.empty(); --left)
        deliver(0);
    }
  }

private:
  store_id store_of(std::size_t i) {
    return parse_store_id(members[i].store->store_id()).value();
  }

  void open_store(std::size_t i) {
    auto& x = members[i];
    if (x.store) return;
    x.store = log_store::open(options_in(x.folder.path())).value();
    is_begun_[i] = false;
    auto options = checkpoint_desk::options{};
    options.piece_bytes = piece_bytes_;
    x.desk = std::make_unique<checkpoint_desk>(*x.store, options);
  }

  void take(std::size_t i) {
    auto work = members[i].replica->take_work();
    for (auto& x : work.writes) members[i].writes.push_back(std::move(x));
    for (auto& x : work.reads) members[i].reads.push_back(x);
    for (auto& x : work.pieces) members[i].pieces.push_back(x);
    for (auto& [to, bytes] : work.messages)
      network.push_back(
        {i, static_cast<std::size_t>(to) - 1, std::move(bytes)});
    for (const auto& x : work.ended) end(i, x);
    for (const auto& x : work.others) carry_out(i, x);
    if (!is_leader(members[i].replica->machine().role())) drop_views(i);
  }

  /// Who is told so finds what the entries changed.
  void end(std::size_t i, const ticket_end& x) {
    if (!x.is_committed) {
      lost.insert(x.ticket);
      return;
    }
    if (auto key = asked.find(x.ticket); key != asked.end())
      REQUIRE(members[i]
                .store->state(play_group, "h", "", key->second)
                .value()
                .has_value());
    REQUIRE(confirmed.emplace(x.ticket, x.first).second);
    erasable.insert(x.first);
  }

  void carry_out(std::size_t i, const replica_action& what) {
    if (auto* x = std::get_if<abort_process>(&what)) FAIL(x->why);
    if (std::get_if<replace_store>(&what)) replaced.insert(i);
    if (std::get_if<read_record>(&what)) watch(i);
    if (std::get_if<ask_for_leader>(&what)) wants_leader_ = true;
    auto* swap = std::get_if<compare_and_swap>(&what);
    if (!swap) return;
    auto is_ok = swap->expected == revision;
    if (is_ok) {
      record = swap->record;
      ++revision;
    }
    auto number = swap->number;
    if (is_lossy && chance(0.2))
      tell(i, [&](auto& x) { x.on_swap_unknown(number, now); });
    else if (is_ok)
      tell(i, [&](auto& x) { x.on_swapped(number, revision, now); });
    else
      tell(
        i, [&](auto& x) { x.on_swap_conflict(number, record, revision, now); });
  }

  std::minstd_rand random_;
  std::size_t tail_bytes_;
  log_index trim_every_;
  log_index kept_entries_;
  std::size_t piece_bytes_;
  std::uint64_t window_bytes_;
  std::array<bool, 3> is_begun_{};
  std::uint64_t tickets_ = 0;
  bool wants_leader_ = false;
};

} // namespace troupe::test
