#include "tests/engine/gateway/gateway_rig.hpp"
#include "tests/support/queue_rig.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

using runs = std::vector<position_run>;

subscription with_window(std::uint64_t bytes) {
  auto made = subscription{};
  made.window_bytes = bytes;
  return made;
}

/// Returns the position a client was shown with its last delivery.
position shown(gateway_rig& rig) {
  auto told = rig.told<gateway::deliver>();
  return told.at(told.size() - 1).second.runs.at(0).at;
}

failure failed_at(position at) {
  return {at, {time_point{}, "test", "no"}, {}, false};
}

} // namespace

TEST_CASE("gateway: settlements go to the shards of their partitions") {
  auto rig = gateway_rig{2, 3};
  rig.up(0);
  rig.up(1);
  rig.consume(1, 7);
  auto in = [](std::uint16_t partition) { return partition_start(partition); };
  rig.reply(gateway::deliver{1, {lent(in(0) + 4), lent(in(2) + 5)}}, 0);
  rig.reply(gateway::deliver{1, {lent(in(1) + 6)}}, 1);
  rig.drop_all();
  rig.machine.on_settle(
    1, 7,
    {acks({{in(0) + 4, 1}}), acks({{in(1) + 6, 1}}), acks({{in(2) + 5, 1}})});
  auto sent = rig.sent<gateway::settle>();
  REQUIRE(sent.size() == 2);
  REQUIRE(sent[0].second.what.size() == 2);
  CHECK(sent[0].second.what[0].acked == runs{{in(0) + 4, 1}});
  CHECK(sent[0].second.what[1].acked == runs{{in(2) + 5, 1}});
  CHECK(sent[1].first == 1);
  CHECK(sent[1].second.what.at(0).acked == runs{{in(1) + 6, 1}});
}

TEST_CASE("gateway: what is settled to a shard that is down is left out") {
  auto rig = gateway_rig{};
  rig.up();
  rig.consume(1, 7);
  rig.reply(gateway::deliver{1, {lent(3)}});
  rig.drop_all();
  rig.machine.on_down(0);
  rig.machine.on_settle(1, 7, {acks({{3, 1}})});
  rig.up();
  CHECK(rig.sent<gateway::settle>().empty());
}

TEST_CASE("gateway: a position that is lent anew is shown as another one") {
  auto rig = gateway_rig{};
  rig.up();
  rig.consume(1, 7);
  rig.reply(gateway::deliver{1, {lent(3, {"a", "b"})}});
  auto before = shown(rig);
  CHECK(before == 3);
  rig.up();
  rig.drop_all();
  rig.answer(1);
  rig.reply(gateway::deliver{1, {lent(3, {"other", "c"})}});
  auto after = shown(rig);
  CHECK(after > before + 1);
  rig.machine.on_settle(1, 7, {acks({{before, 2}})});
  CHECK(rig.nothing_else());
  rig.machine.on_settle(1, 7, {acks({{after, 1}})});
  CHECK(
    rig.sent<gateway::settle>().at(0).second.what.at(0).acked == runs{{3, 1}});
}

TEST_CASE("gateway: of a run over two sessions only the later part counts") {
  auto rig = gateway_rig{};
  rig.up();
  rig.consume(1, 7);
  rig.reply(gateway::deliver{1, {lent(1, {"a", "b"})}});
  rig.up();
  rig.answer(1);
  rig.reply(gateway::deliver{1, {lent(1, {"a", "b"})}});
  auto after = shown(rig);
  rig.drop_all();
  REQUIRE(after == 3);
  auto what = acks({{2, 2}}); // the last of the first session, and one more
  what.failed = {failed_at(1), failed_at(4)};
  what.rejected = {{1, 2}};
  what.requeued = {{1, 4}};
  rig.machine.on_settle(1, 7, {what});
  auto sent = rig.sent<gateway::settle>().at(0).second.what.at(0);
  CHECK(sent.acked == runs{{1, 1}});
  REQUIRE(sent.failed.size() == 1);
  CHECK(sent.failed[0].at == 2);
  CHECK(sent.rejected.empty());
  CHECK(sent.requeued == runs{{1, 2}});
}

TEST_CASE("gateway: acks that bring something about count together or not") {
  auto rig = gateway_rig{};
  rig.up();
  rig.consume(1, 7);
  rig.reply(gateway::deliver{1, {lent(1)}});
  rig.up();
  rig.answer(1);
  rig.reply(gateway::deliver{1, {lent(1)}});
  rig.drop_all();
  auto what = acks({{1, 1}, {2, 1}});
  what.emits.push_back({"h", batch_of({"e"})});
  what.changes.push_back({"h", "s", "n", "v"});
  rig.machine.on_settle(1, 7, {what});
  auto sent = rig.sent<gateway::settle>().at(0).second.what.at(0);
  CHECK(sent.acked.empty());
  CHECK(sent.emits.empty());
  CHECK(sent.changes.empty());
  CHECK(sent.returned == runs{{1, 1}});
}

TEST_CASE("gateway: a partition that there is not is nobody's") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.up(1);
  rig.consume(1, 7);
  rig.machine.on_settle(1, 7, {acks({{partition_start(2) + 1, 1}})});
  rig.reply(gateway::deliver{1, {lent(partition_start(9) + 1)}}, 0);
  rig.reply(gateway::deliver{1, {lent(partition_start(1) + 1)}}, 0);
  CHECK(rig.nothing_else());
}

TEST_CASE("gateway: written bytes go back to who lent them") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.up(1);
  rig.consume(1, 7, with_window(4096));
  auto first = lent(1, {"abc"});
  auto second = lent(partition_start(1) + 1, {"defghi"});
  rig.reply(gateway::deliver{1, {first}}, 0);
  rig.reply(gateway::deliver{1, {second}}, 1);
  rig.drop_all();
  rig.machine.on_written(1, 7, first.bytes() + 2);
  auto sent = rig.sent<gateway::written>();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].second.bytes == first.bytes());
  CHECK(sent[1].first == 1);
  CHECK(sent[1].second.bytes == 2);
  rig.machine.on_written(1, 7, 1000); // more than there is
  CHECK(rig.sent<gateway::written>().at(0).second.bytes == second.bytes() - 2);
}

TEST_CASE("gateway: written bytes of an earlier session are swallowed") {
  auto rig = gateway_rig{};
  rig.up();
  rig.consume(1, 7, with_window(4096));
  auto run = lent(1, {"abc"});
  rig.reply(gateway::deliver{1, {run}});
  rig.up();
  rig.answer(1);
  rig.reply(gateway::deliver{1, {run}});
  rig.drop_all();
  rig.machine.on_written(1, 7, run.bytes());
  CHECK(rig.nothing_else());
  rig.machine.on_written(1, 7, run.bytes());
  CHECK(rig.sent<gateway::written>().at(0).second.bytes == run.bytes());
}

TEST_CASE("gateway: a crash charges only what was lent in this session") {
  auto rig = gateway_rig{};
  rig.up();
  rig.consume(1, 7);
  rig.reply(gateway::deliver{1, {lent(5)}});
  rig.up();
  rig.answer(1);
  rig.reply(gateway::deliver{1, {lent(5)}});
  rig.drop_all();
  auto charged = [&](position at) {
    rig.machine.on_leave(1, 7, failed_at(at));
    return rig.sent<gateway::leave>().at(0).second.crash->at;
  };
  SECTION("now") { CHECK(charged(10) == 5); }
  SECTION("before: one that nobody has") {
    CHECK(charged(5) == partition_last(0));
  }
  SECTION("unknown: the oldest, as the queue has it") {
    CHECK(charged(0) == 0);
  }
}

// -- against the queue's own machine

TEST_CASE("queue: what a consumer does not have on loan is not settled") {
  auto rig = queue_rig{};
  rig.publish({"a", "b"});
  rig.store_all();
  rig.consume(1, 1);
  rig.consume(2, 1);
  REQUIRE(rig.bodies(2) == std::vector<std::string>{"b"});
  rig.settle(1, acks({{2, 1}}));
  rig.store_all();
  CHECK(rig.settled.empty());
  CHECK(rig.figures().on_loan == 2);
}

TEST_CASE("gateway: a late ack does not settle what took its position") {
  auto options = queue_options{};
  options.lends_unstored = true;
  auto queue = queue_rig{options};
  auto rig = gateway_rig{};
  auto show = [&] { // what the queue lent last, to the gateway's consumer 1
    const auto& x = queue.hands[1].back();
    rig.reply(gateway::deliver{1, {lent(x.at, {x.body})}});
    return shown(rig);
  };
  rig.up();
  rig.consume(1, 7);
  queue.consume(1, 1);
  queue.publish({"lost"}); // lent, and never stored
  auto lost = show();
  queue.kill();
  rig.up();
  rig.answer(1);
  queue.consume(1, 1);
  queue.publish({"kept"});
  REQUIRE(queue.hands[1].back().at == lost); // the same position
  auto kept = show();
  rig.drop_all();
  auto settle = [&](position at) {
    rig.machine.on_settle(1, 7, {acks({{at, 1}})});
    for (const auto& [shard, x] : rig.sent<gateway::settle>())
      for (const auto& y : x.what) queue.settle(1, y);
    queue.store_all();
  };
  settle(lost);
  CHECK(queue.settled.empty());
  settle(kept);
  CHECK(queue.settled.size() == 1);
}
