#include "tests/engine/gateway/gateway_rig.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

using verdict = gateway::erased::verdict;

const amqp::got&
got_of(const std::vector<std::pair<std::uint64_t, gateway::answered>>& told) {
  return std::get<amqp::got>(told.at(0).second.what);
}

} // namespace

TEST_CASE("gateway: a get is asked of the shard and answered") {
  auto rig = gateway_rig{};
  rig.up();
  rig.machine.on_get(1, 7, true);
  auto asked = rig.sent<gateway::get>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].second.no_ack);
  rig.answer(asked[0].second.consumer, amqp::got{lent(3), 8});
  auto told = rig.told<gateway::answered>();
  CHECK(told.at(0).second.consumer == 7);
  CHECK(got_of(told).run->at == 3);
  CHECK(got_of(told).remaining == 8);
}

TEST_CASE("gateway: what a getter got it may settle") {
  auto rig = gateway_rig{};
  rig.up();
  rig.machine.on_get(1, 7, false);
  rig.answer(1, amqp::got{lent(3), 0});
  rig.drop_all();
  rig.machine.on_settle(1, 7, {acks({{3, 1}})});
  CHECK(rig.sent<gateway::settle>().size() == 1);
  rig.machine.on_leave(1, 7, {});
  CHECK(rig.sent<gateway::leave>().size() == 1);
  CHECK(rig.nothing_else());
}

TEST_CASE("gateway: gets of one getter go one after another") {
  auto rig = gateway_rig{};
  rig.up();
  rig.machine.on_get(1, 7, false);
  rig.machine.on_get(1, 7, true);
  CHECK(rig.sent<gateway::get>().size() == 1);
  rig.answer(1, amqp::got{});
  CHECK(rig.sent<gateway::get>().at(0).second.no_ack);
}

TEST_CASE("gateway: shards are asked in turn until one has a message") {
  auto rig = gateway_rig{3, 3};
  for (std::size_t i = 0; i < 3; ++i) rig.up(i);
  rig.machine.on_get(1, 7, false);
  auto asked = [&] { return rig.sent<gateway::get>().at(0).first; };
  CHECK(asked() == 0);
  rig.answer(1, amqp::got{{}, 1}, 0);
  CHECK(asked() == 1);
  SECTION("one has") {
    rig.answer(1, amqp::got{lent(partition_start(1) + 1), 5}, 1);
    auto told = rig.told<gateway::answered>();
    CHECK(got_of(told).run);
    CHECK(got_of(told).remaining == 5);
    rig.machine.on_get(1, 7, false);
    CHECK(asked() == 1); // where there was one
  }
  SECTION("none has") {
    rig.answer(1, amqp::got{{}, 0}, 1);
    CHECK(asked() == 2);
    rig.answer(1, amqp::got{{}, 4}, 2);
    auto told = rig.told<gateway::answered>();
    CHECK_FALSE(got_of(told).run);
    CHECK(got_of(told).remaining == 4);
    CHECK(rig.nothing_else());
  }
}

TEST_CASE("gateway: a get that was not answered is asked again") {
  auto rig = gateway_rig{};
  rig.machine.on_get(1, 7, false);
  CHECK(rig.nothing_else());
  rig.up();
  CHECK(rig.sent<gateway::get>().size() == 1);
  rig.up();
  CHECK(rig.sent<gateway::get>().size() == 1);
  rig.answer(1, amqp::got{});
  CHECK(rig.told<gateway::answered>().size() == 1);
  rig.up();
  CHECK(rig.nothing_else());
}

TEST_CASE("gateway: a getter that leaves is answered that there is nothing") {
  auto rig = gateway_rig{};
  rig.machine.on_get(1, 7, false);
  rig.machine.on_leave(1, 7, {});
  auto told = rig.told<gateway::answered>();
  REQUIRE(told.size() == 1);
  CHECK_FALSE(got_of(told).run);
}

TEST_CASE("gateway: a purge counts what all shards dropped") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.machine.on_purge(31);
  CHECK(rig.sent<gateway::purge>().at(0).second.number == 31);
  rig.reply(gateway::purged{31, 5}, 0);
  rig.reply(gateway::purged{31, 5}, 0); // said twice
  rig.up(0);                            // it has answered
  CHECK(rig.nothing_else());
  rig.up(1);
  CHECK(rig.sent<gateway::purge>().at(0).first == 1);
  rig.up(1);
  CHECK(rig.sent<gateway::purge>().at(0).first == 1); // again
  rig.reply(gateway::purged{31, 2}, 1);
  auto kept = rig.kept<gateway::purged>();
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].number == 31);
  CHECK(kept[0].messages == 7);
}

TEST_CASE("gateway: an erase is done when all shards did it") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.up(1);
  rig.machine.on_erase(8, true, false);
  auto asked = rig.sent<gateway::erase>();
  REQUIRE(asked.size() == 2);
  CHECK(asked[1].second.if_unused);
  CHECK_FALSE(asked[1].second.if_empty);
  rig.reply(gateway::erased{8, verdict::done, 3}, 0);
  CHECK(rig.nothing_else());
  SECTION("all do") {
    rig.reply(gateway::erased{8, verdict::done, 4}, 1);
    auto kept = rig.kept<gateway::erased>();
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].what == verdict::done);
    CHECK(kept[0].messages == 7);
  }
  SECTION("one refuses") {
    rig.reply(gateway::erased{8, verdict::in_use, 0}, 1);
    CHECK(rig.kept<gateway::erased>().at(0).what == verdict::in_use);
    rig.up(1);
    CHECK(rig.nothing_else());
  }
}

TEST_CASE("gateway: figures are the sums of all shards'") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.up(1);
  rig.machine.on_describe(5, true);
  auto asked = rig.sent<gateway::describe>();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].second.is_use);
  auto some = queue_figures{};
  some.length = 3;
  some.getters = 1;
  some.dropped = 9;
  rig.reply(gateway::described{5, some}, 0);
  rig.reply(gateway::described{5, some}, 1);
  auto kept = rig.kept<gateway::described>();
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].figures.length == 6);
  CHECK(kept[0].figures.getters == 2);
  CHECK(kept[0].figures.dropped == 18);
  CHECK(kept[0].figures.ready == 0);
}

TEST_CASE("gateway: what was asked of a queue that is gone is answered") {
  auto rig = gateway_rig{};
  rig.machine.on_purge(1);
  rig.machine.on_erase(2, false, false);
  rig.machine.on_describe(3, false);
  rig.machine.on_queue_gone();
  CHECK(rig.kept<gateway::purged>().at(0).number == 1);
  CHECK(rig.kept<gateway::erased>().at(0).what == verdict::done);
  CHECK(rig.kept<gateway::described>().at(0).number == 3);
  CHECK(rig.nothing_else());
}
