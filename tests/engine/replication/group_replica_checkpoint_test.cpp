#include "tests/engine/replication/replica_alike.hpp"

#include <algorithm>
#include <array>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Lets member 2 be away for `count` messages, and until what it lacks is
/// erased elsewhere.
void leave_behind(replica_play& play, int count) {
  play.settle();
  play.kill(2);
  for (int i = 0; i < count; ++i) {
    play.publish();
    play.settle(2);
  }
  play.settle(80); // it is silent for long: entries are trimmed and erased
}

} // namespace

TEST_CASE("group_replica: who is too far behind gets a checkpoint") {
  auto play = replica_play{1, 1 << 20, 1, 10};
  leave_behind(play, 80);
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
  leave_behind(play, 40);
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
  leave_behind(play, 40);
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
  leave_behind(play, 40);
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
