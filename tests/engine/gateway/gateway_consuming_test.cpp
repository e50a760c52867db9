#include "tests/engine/gateway/gateway_rig.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

subscription with_credit(std::uint32_t credit) {
  auto made = subscription{};
  made.credit = credit;
  return made;
}

bool is_done(const amqp::answer& x) {
  return std::holds_alternative<amqp::done>(x);
}

bool is_refused(const amqp::answer& x) {
  return std::holds_alternative<amqp::refused>(x);
}

} // namespace

TEST_CASE("gateway: a consumer is answered once all shards have taken it") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.machine.on_subscribe(4, 9, {}, true);
  auto asked = rig.sent<gateway::subscribe>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].second.is_paused);
  CHECK(asked[0].second.consumer != 0);
  rig.answer(asked[0].second.consumer);
  CHECK(rig.nothing_else());
  rig.up(1);
  CHECK(rig.sent<gateway::subscribe>().at(0).first == 1);
  rig.answer(asked[0].second.consumer, amqp::done{}, 1);
  auto told = rig.told<gateway::answered>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].first == 4);
  CHECK(told[0].second.consumer == 9);
  CHECK(is_done(told[0].second.what));
}

TEST_CASE("gateway: what is lent before the answer follows it") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.up(1);
  rig.machine.on_subscribe(4, 9, {}, false);
  rig.drop_all();
  rig.answer(1, amqp::done{}, 0);
  rig.reply(gateway::deliver{1, {lent(1)}}, 0);
  CHECK(rig.nothing_else());
  rig.answer(1, amqp::done{}, 1);
  auto all = rig.machine.take_actions();
  REQUIRE(all.size() == 2);
  auto kind = [&](std::size_t i) {
    return std::get<gateway::to_client>(all[i]).what.index();
  };
  CHECK(kind(0) == 2); // answered
  CHECK(kind(1) == 1); // deliver
}

TEST_CASE("gateway: what is held of a shard that goes down is void") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.up(1);
  rig.machine.on_subscribe(4, 9, {}, false);
  rig.answer(1, amqp::done{}, 0);
  rig.reply(gateway::deliver{1, {lent(1)}}, 0);
  rig.drop_all();
  rig.up(0);
  rig.answer(1, amqp::done{}, 0);
  rig.answer(1, amqp::done{}, 1);
  CHECK(rig.told<gateway::answered>().size() == 1);
  CHECK(rig.told<gateway::deliver>().empty());
}

TEST_CASE("gateway: where one shard refuses a consumer the others are left") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.up(1);
  rig.machine.on_subscribe(4, 9, {}, false);
  rig.answer(1, amqp::done{}, 0);
  rig.reply(gateway::deliver{1, {lent(1)}}, 0);
  rig.drop_all();
  rig.answer(1, amqp::refused{amqp::reply_code::access_refused, "no"}, 1);
  auto told = rig.told<gateway::answered>();
  REQUIRE(told.size() == 1);
  CHECK(is_refused(told[0].second.what));
  auto left = rig.sent<gateway::leave>();
  REQUIRE(left.size() == 1);
  CHECK(left[0].first == 0);
  CHECK(rig.nothing_else());
  CHECK(rig.machine.consumers() == 0);
}

TEST_CASE("gateway: an only consumer gets no answers") {
  auto rig = gateway_rig{};
  rig.up();
  rig.machine.on_subscribe(4, 0, {}, false);
  rig.answer(rig.sent<gateway::subscribe>().at(0).second.consumer);
  CHECK(rig.nothing_else());
  rig.reply(gateway::deliver{1, {lent(1)}});
  CHECK(rig.told<gateway::deliver>().at(0).second.consumer == 0);
}

TEST_CASE("gateway: consumers of all clients have numbers of their own") {
  auto rig = gateway_rig{};
  rig.up();
  rig.consume(1, 7);
  rig.consume(2, 7);
  rig.reply(gateway::deliver{2, {lent(1)}});
  auto told = rig.told<gateway::deliver>();
  CHECK(told.at(0).first == 2);
  CHECK(told.at(0).second.consumer == 7);
}

TEST_CASE("gateway: consumers come again unseen, as they are by then") {
  auto rig = gateway_rig{};
  rig.up();
  rig.consume(1, 7, with_credit(10));
  rig.machine.on_grant(1, 7, 3);
  rig.machine.on_pause(1, 7, true);
  CHECK(rig.sent<gateway::grant>().at(0).second.credit == 3);
  CHECK(rig.sent<gateway::pause>().at(0).second.is_paused);
  rig.machine.on_down(0);
  rig.machine.on_grant(1, 7, 5);
  CHECK(rig.nothing_else());
  rig.up();
  auto again = rig.sent<gateway::subscribe>();
  REQUIRE(again.size() == 1);
  CHECK(again[0].second.what.credit == 5);
  CHECK(again[0].second.is_paused);
  rig.answer(1);
  CHECK(rig.nothing_else());
}

TEST_CASE("gateway: a consumer that finds no place again is gone") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.up(1);
  rig.consume(1, 7);
  rig.up(0);
  rig.drop_all();
  rig.answer(1, amqp::refused{amqp::reply_code::access_refused, "no"}, 0);
  CHECK(rig.told<gateway::answered>().empty());
  auto gone = rig.told<gateway::consumer_gone>();
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].second.consumer == 7);
  CHECK(rig.sent<gateway::leave>().at(0).first == 1);
}

TEST_CASE("gateway: credit and window are shared out to shards") {
  auto rig = gateway_rig{4, 4};
  for (std::size_t i = 0; i < 4; ++i) rig.up(i);
  auto asked = [&](std::uint32_t credit, std::uint64_t window) {
    auto what = with_credit(credit);
    what.window_bytes = window;
    what.no_ack = credit == 0;
    rig.machine.on_subscribe(1, 1, what, false);
    return rig.sent<gateway::subscribe>().at(2).second.what;
  };
  CHECK(asked(0, 0).credit == 0);
  CHECK(asked(0, 0).window_bytes == 0);
  CHECK(asked(0, 0).no_ack); // all else as it was asked
  CHECK(asked(10, 4096).credit == 2);
  CHECK(asked(10, 4096).window_bytes == 1024);
  CHECK(asked(3, 2).credit == 1);
  CHECK(asked(3, 2).window_bytes == 1);
  rig.machine.on_grant(1, 1, 9);
  CHECK(rig.sent<gateway::grant>().at(0).second.credit == 2);
}

TEST_CASE("gateway: a cancel is answered behind what was lent") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.up(1);
  rig.consume(1, 7);
  rig.machine.on_cancel(1, 7, true);
  CHECK(rig.sent<gateway::cancel>().size() == 2);
  rig.answer(1, amqp::done{}, 0);
  rig.reply(gateway::deliver{1, {lent(1)}}, 0);
  CHECK(rig.told<gateway::deliver>().size() == 1);
  CHECK(rig.told<gateway::answered>().empty());
  SECTION("of the last shard") { rig.answer(1, amqp::done{}, 1); }
  SECTION("a shard that goes down says no more") { rig.machine.on_down(1); }
  auto told = rig.told<gateway::answered>();
  REQUIRE(told.size() == 1);
  CHECK(is_done(told[0].second.what));
}

TEST_CASE("gateway: a cancel while the shard is down is answered at once") {
  auto rig = gateway_rig{};
  rig.up();
  rig.consume(1, 7);
  rig.machine.on_down(0);
  rig.machine.on_cancel(1, 7, true);
  CHECK(is_done(rig.told<gateway::answered>().at(0).second.what));
  CHECK(rig.machine.consumers() == 0);
  rig.up();
  CHECK(rig.nothing_else());
}

TEST_CASE("gateway: one that nobody knows is cancelled") {
  auto rig = gateway_rig{};
  rig.machine.on_cancel(1, 7, true);
  CHECK(is_done(rig.told<gateway::answered>().at(0).second.what));
}

TEST_CASE("gateway: a cancelled consumer may settle until its shard goes") {
  auto rig = gateway_rig{};
  rig.up();
  rig.consume(1, 7, with_credit(5));
  rig.reply(gateway::deliver{1, {lent(1, {"a", "b"})}});
  rig.machine.on_cancel(1, 7, false);
  rig.drop_all();
  rig.machine.on_settle(1, 7, {acks({{1, 1}})});
  CHECK(rig.sent<gateway::settle>().size() == 1);
  rig.up();
  CHECK(rig.sent<gateway::subscribe>().empty());
  rig.machine.on_settle(1, 7, {acks({{2, 1}})});
  CHECK(rig.nothing_else());
  CHECK(rig.machine.consumers() == 0);
}

TEST_CASE(
  "gateway: cancelled before it was taken, a consumer is answered twice") {
  auto rig = gateway_rig{};
  rig.up();
  rig.machine.on_subscribe(1, 7, {}, false);
  rig.machine.on_cancel(1, 7, true);
  CHECK(rig.told<gateway::answered>().size() == 1); // of the subscription
  rig.answer(1);
  CHECK(rig.told<gateway::answered>().empty());
  rig.answer(1);
  CHECK(rig.told<gateway::answered>().size() == 1);
}

TEST_CASE("gateway: who leaves is left everywhere, and has its answers") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.up(1);
  rig.machine.on_subscribe(1, 7, {}, false);
  rig.drop_all();
  rig.machine.on_leave(1, 7, {});
  CHECK(rig.told<gateway::answered>().size() == 1);
  auto left = rig.sent<gateway::leave>();
  REQUIRE(left.size() == 2);
  CHECK(left[0].second.consumer == 1);
  rig.answer(1); // crossed
  rig.reply(gateway::deliver{1, {lent(1)}});
  CHECK(rig.nothing_else());
}

TEST_CASE("gateway: a client that ended leaves with all its consumers") {
  auto rig = gateway_rig{};
  rig.up();
  rig.consume(1, 7);
  rig.consume(1, 8);
  rig.consume(2, 7);
  rig.machine.on_subscribe(1, 9, {}, false);
  rig.sent<gateway::subscribe>();
  rig.machine.on_client_gone(1, {});
  auto left = rig.sent<gateway::leave>();
  REQUIRE(left.size() == 3);
  for (const auto& [to, x] : left) CHECK_FALSE(x.crash);
  CHECK(rig.nothing_else()); // nobody is there to be answered
  CHECK(rig.machine.consumers() == 1);
}

TEST_CASE("gateway: a client that was its only consumer crashed") {
  auto rig = gateway_rig{};
  rig.up();
  rig.machine.on_subscribe(1, 0, {}, false);
  rig.machine.on_client_gone(1, time_point{duration{5}});
  auto left = rig.sent<gateway::leave>();
  REQUIRE(left.at(0).second.crash);
  CHECK(left[0].second.crash->at == 0);
  CHECK(left[0].second.crash->why.at == time_point{duration{5}});
}

TEST_CASE("gateway: a consumer whose queue is gone hears so once") {
  auto rig = gateway_rig{2, 2};
  rig.up(0);
  rig.up(1);
  rig.consume(1, 7);
  rig.reply(gateway::consumer_gone{1}, 1);
  CHECK(rig.told<gateway::consumer_gone>().size() == 1);
  CHECK(rig.sent<gateway::leave>().at(0).first == 0);
  rig.reply(gateway::consumer_gone{1}, 0);
  CHECK(rig.nothing_else());
}

TEST_CASE("gateway: whoever waits when the queue goes is refused") {
  auto rig = gateway_rig{};
  rig.machine.on_subscribe(1, 7, {}, false);
  rig.machine.on_get(1, 8, false);
  rig.machine.on_queue_gone();
  auto told = rig.told<gateway::answered>();
  REQUIRE(told.size() == 2);
  CHECK(
    std::get<amqp::refused>(told[0].second.what).code
    == amqp::reply_code::not_found);
  CHECK(is_refused(told[1].second.what));
  CHECK(rig.machine.consumers() == 0);
}

TEST_CASE("gateway: each cancel of a consumer is answered") {
  auto rig = gateway_rig{};
  rig.up();
  rig.consume(1, 7);
  rig.machine.on_cancel(1, 7, false);
  rig.machine.on_cancel(1, 7, true);
  rig.machine.on_cancel(1, 7, true);
  CHECK(rig.sent<gateway::cancel>().size() == 2); // the third goes along
  rig.answer(1);
  CHECK(rig.told<gateway::answered>().size() == 2);
}
