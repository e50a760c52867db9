#include "tests/engine/replication/replica_play.hpp"

#include <algorithm>

using namespace troupe;
using namespace troupe::test;

namespace {

/// What a member's store has of the group.
struct seen {
  log_index base = 0;
  log_index last = 0;
  std::vector<std::string> raw;
  std::map<std::string, std::string> state;
  bool operator==(const seen&) const = default;
};

seen look(const log_store& store) {
  auto made = seen{};
  made.base = store.mark(play_group).value().value().base;
  made.last = store.last_index(play_group);
  for (log_index i = 1; i <= made.last; ++i)
    made.raw.push_back(store.read_raw(play_group, i, i, 1).value().at(0));
  auto done = store.scan_state(
    "h", [&](auto, auto name, auto value) { made.state.emplace(name, value); });
  REQUIRE(done.has_value());
  return made;
}

/// Up to the base of one and not of the other, one has erased more.
bool is_alike(const seen& a, const seen& b) {
  auto low = std::min(a.base, b.base);
  auto high = std::max(a.base, b.base);
  auto& more = a.base < b.base ? b : a;
  for (log_index i = 1; i <= std::min(a.last, b.last); ++i) {
    auto may_be_erased = i > low && i <= high && more.raw[i - 1].empty();
    if (a.raw[i - 1] != b.raw[i - 1] && !may_be_erased) return false;
  }
  return true;
}

void check_alike(replica_play& play) {
  auto first = look(*play.members[0].store);
  for (std::size_t i = 1; i < play.members.size(); ++i) {
    auto other = look(*play.members[i].store);
    CHECK(other.last == first.last);
    CHECK((other.state == first.state));
    CHECK(is_alike(first, other));
  }
  for (const auto& [ticket, index] : play.confirmed) {
    auto key = play.asked.find(ticket);
    if (key == play.asked.end()) continue;
    INFO("ticket " << ticket << " at " << index);
    CHECK(first.state.contains(key->second));
  }
}

} // namespace

TEST_CASE("group_replica: what is confirmed is on all, and does the same") {
  auto play = replica_play{1};
  play.settle();
  for (int i = 0; i < 50; ++i) {
    play.publish();
    play.settle(3);
  }
  play.settle();
  CHECK(play.confirmed.size() == 50);
  CHECK(play.erasing.size() > 5);
  check_alike(play);
  auto raw = look(*play.members[0].store).raw;
  for (const auto& [ticket, erased] : play.erasing)
    for (auto index : erased) CHECK(raw[index - 1].empty());
}

TEST_CASE("group_replica: nothing is confirmed by one member alone") {
  auto play = replica_play{1};
  play.settle();
  play.kill(1);
  play.kill(2);
  play.publish();
  play.settle(20);
  CHECK(play.confirmed.empty());
  play.start(1);
  play.start(2);
  play.settle();
  CHECK(play.confirmed.size() == 1);
  check_alike(play);
}

TEST_CASE("group_replica: a member that was down catches up from the disk") {
  auto play = replica_play{1, 0, 1'000'000}; // nothing in memory, all on disk
  play.settle();
  play.kill(2);
  play.settle();
  for (int i = 0; i < 100; ++i) {
    play.publish();
    play.settle(2);
  }
  play.settle(10);
  CHECK(play.confirmed.size() == 100);
  play.start(2);
  play.settle(400);
  check_alike(play);
  CHECK(play.record.in_sync.size() == 3);
}

namespace {

std::size_t bytes_under_way(const replica_play& play, std::size_t to) {
  auto bytes = std::size_t{0};
  for (const auto& x : play.network)
    if (x.to == to) bytes += x.bytes.size();
  return bytes;
}

} // namespace

TEST_CASE("group_replica: a follower that is slow is sent no more than fits") {
  auto tail = GENERATE(std::size_t{0}, std::size_t{1} << 20);
  auto play = replica_play{1, tail, 1, 100'000, 700, 2000};
  play.settle();
  for (int i = 0; i < 200; ++i) {
    play.publish();
    while (!play.members[0].writes.empty()) play.write_one(0);
  }
  CHECK(bytes_under_way(play, 1) > 1000);
  CHECK(bytes_under_way(play, 1) < 3000);
  play.settle();
  CHECK(play.confirmed.size() == 200);
  check_alike(play);
}

TEST_CASE("group_replica: one that catches up is sent no more than fits") {
  auto play = replica_play{1, 0, 1'000'000, 100'000, 700, 1000};
  play.settle();
  play.kill(2);
  play.settle();
  for (int i = 0; i < 200; ++i) {
    play.publish();
    play.settle(2);
  }
  play.start(2);
  auto most = std::size_t{0};
  for (int i = 0; i < 400; ++i) {
    while (!play.members[0].reads.empty()) play.read_one(0);
    most = std::max(most, bytes_under_way(play, 2));
    play.settle(1);
  }
  CHECK(most > 300);
  CHECK(most < 1500);
  check_alike(play);
  CHECK(play.record.in_sync.size() == 3);
}

TEST_CASE("group_replica: an entry beyond the window goes alone") {
  auto play = replica_play{1, 0, 1, 100'000, 700, 10};
  play.settle();
  for (int i = 0; i < 20; ++i) play.publish();
  play.settle();
  CHECK(play.confirmed.size() == 20);
  check_alike(play);
}

namespace {

/// Changes the last entries of a member that is down, in content alone.
void damage(const std::filesystem::path& folder, log_index count) {
  auto store = log_store::open(options_in(folder)).value();
  auto last = store->last_index(play_group);
  auto epoch = store->mark(play_group).value()->epoch;
  auto request = commit_request{};
  request.truncations.push_back({play_group, last - count + 1});
  store->commit(request).value();
  request = {};
  for (log_index i = 0; i < count; ++i)
    request.appends.push_back({play_group, encode(published(1, "x"), epoch)});
  store->commit(request).value();
}

} // namespace

TEST_CASE("group_replica: one entry of many that is another one is found") {
  auto is_damaged = GENERATE(false, true);
  auto play = replica_play{1, 1 << 20, 1'000'000};
  play.settle();
  for (int i = 0; i < 60; ++i) {
    play.publish();
    play.settle(2);
  }
  play.kill(2);
  if (is_damaged) damage(play.members[2].folder.path(), 1);
  play.start(2);
  play.settle(40);
  CHECK(play.replaced.contains(2) == is_damaged);
  CHECK(play.record.in_sync.size() == (is_damaged ? 2 : 3));
}

TEST_CASE("group_replica: sums that come twice, late or not at all") {
  auto play = replica_play{5, 1 << 20, 1'000'000};
  play.settle();
  for (int i = 0; i < 60; ++i) {
    play.publish();
    play.settle(2);
  }
  play.kill(2);
  play.start(2);
  play.is_lossy = true;
  play.settle(400);
  CHECK(play.replaced.empty());
  CHECK(play.record.in_sync.size() == 3);
}

TEST_CASE("group_replica: a node's own log becomes a group's") {
  auto play = replica_play{1};
  play.kill(0);
  auto store = log_store::open(options_in(play.members[0].folder.path()));
  CHECK(store.value()->last_index(play_group) == 0);
  // What it had before there was a cluster.
  auto folder = temp_folder{};
  auto old = log_store::open(options_in(folder.path())).value();
  for (auto x : {"a", "b"})
    old->commit(appending(play_group, published(1, x))).value();
  auto options = group_replica::options{};
  options.group = play_group;
  options.machine.self = replica_play::id(0);
  options.machine.store = parse_store_id(old->store_id()).value();
  auto made = group_replica::open(options, *old, play.now).value();
  CHECK(made.machine().log().end() == log_mark{1, 2});
  CHECK(made.applied() == 2);
}

TEST_CASE("group_replica: who is taken out keeps its epoch alone") {
  auto play = replica_play{1};
  play.settle();
  for (int i = 0; i < 20; ++i) play.publish();
  play.elect();
  play.settle(20);
  auto epoch = play.record.epoch;
  auto out = play.leader() == 2 ? std::size_t{1} : std::size_t{2};
  auto is_out = [&](const auto& x) { return x.member == play.id(out); };
  std::erase_if(play.record.in_sync, is_out);
  std::erase(play.record.replicas, play.id(out));
  ++play.revision;
  play.settle(20);
  CHECK(play.members[out].store->last_index(play_group) == 0);
  CHECK(look(*play.members[out].store).state.empty());
  play.kill(out);
  play.start(out);
  CHECK(play.members[out].replica->machine().epoch() == epoch);
  CHECK(play.members[out].replica->machine().log().last() == 0);
}

TEST_CASE("group_replica: who is too far behind gets a checkpoint") {
  auto play = replica_play{1, 1 << 20, 1, 10};
  play.settle();
  play.kill(2);
  for (int i = 0; i < 80; ++i) {
    play.publish();
    play.settle(2);
  }
  play.settle(80); // it is silent for long: entries are trimmed and erased
  CHECK(play.erasing.size() > 5);
  auto base = play.members[0].replica->machine().log().base().index;
  CHECK(base > 60);
  play.start(2);
  play.settle(100);
  CHECK(play.installed > 0);
  CHECK(play.pieces_sent > 3);
  CHECK(play.members[2].replica->machine().log().base().index >= base);
  CHECK(play.members[2].store->partial(play_group).value() == std::nullopt);
  CHECK(play.record.in_sync.size() == 3);
  check_alike(play);
  play.publish();
  play.settle();
  check_alike(play);
}

TEST_CASE("group_replica: what a checkpoint leaves to erase is erased") {
  auto folders = std::array<temp_folder, 2>{};
  auto from = log_store::open(options_in(folders[0].path())).value();
  auto request = commit_request{};
  for (int i = 0; i < 50; ++i)
    request.appends.push_back({play_group, encode(published(1, "x"), 3)});
  auto base = replica_mark{3, 30, 3, {{31, 3}}, false};
  request.marks.emplace_back(play_group, base);
  request.applied.emplace_back(
    play_group, applied_mark{45, {{35, 2}, {42, 1}}});
  from->commit(request).value();
  auto piece = from->view(play_group, 3, 40).value()->piece(0).value();

  auto to = log_store::open(options_in(folders[1].path())).value();
  auto options = group_replica::options{};
  options.group = play_group;
  options.machine.self = replica_play::id(1);
  options.machine.store = parse_store_id(to->store_id()).value();
  auto now = local_time{1h};
  auto replica = group_replica::open(options, *to, now).value();
  auto write = [&] {
    for (auto work = replica.take_work(); !work.writes.empty();
         work = replica.take_work())
      for (const auto& x : work.writes) {
        to->commit(x.what).value();
        replica.on_written(x.number, now);
      }
  };
  auto record = group_record{};
  record.epoch = 3;
  record.leader = replica_play::id(0);
  record.replicas = {replica_play::id(0), replica_play::id(1)};
  replica.tell([&](auto& x) { x.on_record(record, 1, now); }, now);
  write();
  auto head = chunk{3, 1, {3, 40}, 0, now, true};
  replica.on_message(replica_play::id(0), full_chunk{head, piece}, now);
  write();
  CHECK(replica.applied() == 45);
  CHECK(to->last_index(play_group) == 40);
  auto raw = to->read_raw(play_group, 34, 37, 1 << 20).value();
  CHECK_FALSE(raw[0].empty());
  CHECK(raw[1].empty());
  CHECK(raw[2].empty());
  CHECK_FALSE(raw[3].empty());
  auto left = applied_mark{45, {{42, 1}}}; // it is still to come
  CHECK(to->applied(play_group).value() == left);
}

TEST_CASE("group_replica: a checkpoint goes on after each kill") {
  auto play = replica_play{2, 1 << 20, 1, 10};
  play.settle();
  play.kill(2);
  for (int i = 0; i < 40; ++i) {
    play.publish();
    play.settle(2);
  }
  play.settle(80);
  play.start(2);
  auto base = [&] {
    return play.members[2].store->mark(play_group).value()->base;
  };
  auto before = base();
  auto next = std::uint64_t{0};
  auto resumed = 0;
  for (int round = 0; round < 400 && play.installed == 0; ++round) {
    play.settle(1);
    if (play.pick(3) > 0) continue;
    play.kill(2);
    play.start(2);
    auto kept = play.members[2].store->partial(play_group).value();
    auto reached = kept ? kept->next : 0;
    if (base() > before) break; // installed, by a start maybe
    CHECK(reached >= next);
    resumed += kept.has_value();
    next = reached;
  }
  CHECK(resumed > 0);
  play.settle(200);
  CHECK(play.record.in_sync.size() == 3);
  check_alike(play);
}

TEST_CASE("group_replica: a view that is gone begins a checkpoint anew") {
  auto play = replica_play{3, 1 << 20, 1, 10};
  play.settle();
  play.kill(2);
  for (int i = 0; i < 40; ++i) {
    play.publish();
    play.settle(2);
  }
  play.settle(80);
  play.start(2);
  while (play.pieces_sent < 4) play.settle(1);
  // The state is another one, though the log is as long as it was.
  auto other = commit_request{};
  other.changes.push_back({play_group, {"other", "", "k", "v"}});
  play.members[0].store->commit(other).value();
  play.drop_views(0);
  play.settle(100);
  CHECK(play.installed == 1);
  CHECK(
    play.members[2].store->state(play_group, "other", "", "k").value() == "v");
  check_alike(play);
}

TEST_CASE("group_replica: pieces that are damaged or lie are not kept") {
  auto play = replica_play{4, 1 << 20, 1, 10};
  play.settle();
  play.kill(2);
  for (int i = 0; i < 40; ++i) {
    play.publish();
    play.settle(2);
  }
  play.settle(80);
  play.start(2);
  auto is_chunk = [](const auto& x) { return x.bytes[1] == 4; };
  auto found = play.network.end();
  for (int i = 0; i < 100 && found == play.network.end(); ++i) {
    while (!play.network.empty()) play.deliver(0);
    play.tick(50ms);
    for (std::size_t n = 0; n < 3; ++n) play.write_one(n);
    play.cut_one(0);
    found = std::ranges::find_if(play.network, is_chunk);
  }
  REQUIRE(found != play.network.end());
  auto whole = decode_group_message(found->bytes).value();
  auto& chunk = std::get<full_chunk>(whole.what);
  auto& member = *play.members[2].replica;
  auto tell = [&](const full_chunk& what) {
    member.on_message(replica_play::id(0), what, play.now);
    return member.take_work().writes.size();
  };
  for (std::size_t i = 0; i < chunk.bytes.size(); i += 7) {
    auto damaged = std::string{chunk.bytes};
    damaged[i] ^= 0x10;
    CHECK(tell({chunk.head, damaged}) == 0);
  }
  CHECK(tell({chunk.head, chunk.bytes.substr(0, 20)}) == 0);
  auto lying = chunk;
  ++lying.head.at.index;
  CHECK(tell(lying) == 0);
  lying = chunk;
  lying.head.is_last = !lying.head.is_last;
  CHECK(tell(lying) == 0);
  lying = chunk;
  ++lying.head.number;
  CHECK(tell(lying) == 0);
  CHECK(tell(chunk) == 1);
}

namespace {

struct life {
  int steps = 3000;
  duration tick = 10ms;
  double kills = 0.05;
  double starts = 0.3;
  double elections = 0.05;
  int pace = 1; // of disks and network
};

/// Lets anything happen, in any order.
void run(replica_play& play, const life& of) {
  for (int step = 0; step < of.steps; ++step) {
    auto i = play.pick(3);
    auto& x = play.members[i];
    switch (play.pick(15)) {
      case 0:
      case 1: play.publish(); break;
      case 2:
      case 3:
      case 4:
        for (int n = 0; n < of.pace && x.replica; ++n) play.write_one(i);
        break;
      case 5:
        if (x.replica) play.read_one(i);
        break;
      case 6: play.tick(of.tick); break;
      case 7:
        if (play.chance(play.is_installing(i) ? 0.7 : of.kills)) play.kill(i);
        break;
      case 8:
        if (!x.replica && play.chance(of.starts)) play.start(i);
        break;
      case 9:
        if (play.chance(of.elections)) play.elect();
        break;
      case 10: play.watch(i); break;
      case 11:
        if (x.replica) play.cut_one(i);
        if (play.chance(0.01)) play.drop_views(i);
        break;
      default:
        for (int n = 0; n < of.pace && !play.network.empty(); ++n)
          play.deliver(
            play.pick(std::min<std::size_t>(play.network.size(), 5)));
    }
  }
}

void heal_and_check(replica_play& play) {
  play.is_lossy = false;
  for (std::size_t i = 0; i < 3; ++i)
    if (!play.members[i].replica) play.start(i);
  if (!play.leader() || play.record.leader == nobody) play.elect();
  play.settle(400);
  auto before = play.confirmed.size();
  play.publish();
  play.settle();
  CHECK(play.confirmed.size() == before + 1);
  check_alike(play);
}

} // namespace

TEST_CASE("group_replica: keeps what is confirmed whatever comes") {
  auto tail = GENERATE(0, 2000);
  for (std::uint32_t seed = 1; seed <= 3; ++seed) {
    INFO("seed " << seed << ", tail " << tail);
    auto play = replica_play{seed, static_cast<std::size_t>(tail), 1'000'000};
    play.is_lossy = true;
    run(play, {});
    heal_and_check(play);
  }
}

TEST_CASE("group_replica: and so it does with checkpoints") {
  auto installed = std::size_t{0};
  auto killed = std::size_t{0};
  for (std::uint32_t seed = 1; seed <= 3; ++seed) {
    INFO("seed " << seed);
    auto tail = seed == 1 ? std::size_t{2000} : 0;
    auto play = replica_play{seed, tail, 1, 4, 3000};
    play.is_lossy = true;
    for (int absence = 0; absence < 4; ++absence) {
      auto away = play.pick(3);
      play.kill(away);
      for (std::size_t i = 0; i < 3; ++i)
        if (i != away && !play.members[i].replica) play.start(i);
      if (!play.leader()) play.elect();
      run(play, {500, 100ms, 0, 0, 0, 4}); // long enough to be silent
      play.start(away);
      run(play, {1500, 20ms, 0.002, 0.5, 0.01, 4});
    }
    installed += play.installed;
    killed += play.killed_in_install;
    heal_and_check(play);
  }
  CHECK(installed > 3);
  CHECK(killed > 0);
}
