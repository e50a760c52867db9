#include "tests/actors/cluster/gateway_stage.hpp"

// Gateways, sessions, locators and shards, as clients of two members see them.

using namespace troupe;
using namespace troupe::test;

namespace {

using strings = std::vector<std::string>;
using tickets = std::vector<std::uint64_t>;

bool is_done(const std::optional<edge::answered>& x) {
  return x && std::holds_alternative<amqp::done>(x->what);
}

} // namespace

// -- what comes and goes between members

TEST_CASE("gateway_actor: a publish is confirmed once the shard has it safe") {
  auto set = gateway_stage{};
  auto leader = GENERATE(one, two);
  set.lead(leader);
  set.log.holds = true;
  auto before = set.net.delivered;
  set.publish(one, 7, {"a", "b"});
  CHECK(set.confirmed().empty());
  REQUIRE(set.log.held.size() == 1);
  set.box.self->send(set.log.held[0].first, set.log.held[0].second);
  set.settle();
  CHECK(set.confirmed() == tickets{7});
  CHECK(set.kept() == 2);
  CHECK((set.net.delivered > before) == (leader == two));
}

TEST_CASE("gateway_actor: what comes before anybody leads is kept in order") {
  auto set = gateway_stage{};
  set.publish(one, 1, {"a"});
  set.publish(one, 2, {"b"});
  set.publish(two, 3, {"c"});
  set.consume(two, 1, 10);
  CHECK(set.confirmed().empty());
  set.lead(two);
  auto confirmed = set.confirmed();
  CHECK(confirmed.size() == 3);
  auto all = set.bodies();
  CHECK(all.size() == 3);
  CHECK(std::ranges::find(all, "a") < std::ranges::find(all, "b"));
}

TEST_CASE("gateway_actor: consumers on both members share what is there") {
  auto set = gateway_stage{};
  set.lead(two);
  set.consume(one, 1, 1);
  set.consume(two, 1, 1);
  CHECK(is_done(set.box.take<edge::answered>()));
  CHECK(is_done(set.box.take<edge::answered>()));
  set.publish(two, 1, {"a", "b", "c"});
  auto lent = set.deliveries();
  REQUIRE(lent.size() == 2);
  CHECK(lent[0].body != lent[1].body);
  set.ack(one, 1, lent[0].at);
  set.ack(one, 1, lent[1].at); // only one of them is its own
  auto more = set.bodies();
  CHECK(more == strings{"c"});
}

TEST_CASE("gateway_actor: acks travel and end what is kept") {
  auto set = gateway_stage{};
  set.lead(two);
  set.consume(one, 1, 0);
  set.publish(one, 1, {"a", "b"});
  auto lent = set.deliveries();
  REQUIRE(lent.size() == 2);
  CHECK(set.kept() == 2);
  set.ack(one, 1, lent[0].at);
  CHECK(set.kept() == 1);
  set.ack(one, 1, lent[1].at);
  CHECK(set.kept() == 0);
}

TEST_CASE("gateway_actor: a get is answered from another member") {
  auto set = gateway_stage{};
  set.lead(two);
  set.publish(one, 1, {"a"});
  set.box.tell(set.members[one].gate, queue::get{4, true});
  set.settle();
  auto answer = set.box.take<edge::answered>();
  REQUIRE(answer);
  CHECK(answer->consumer == 4);
  auto* got = std::get_if<amqp::got>(&answer->what);
  REQUIRE(got != nullptr);
  REQUIRE(got->run);
  CHECK((*got->run)[0].body() == "a");
}

TEST_CASE("gateway_actor: describes and purges travel") {
  auto set = gateway_stage{};
  set.lead(two);
  set.publish(one, 1, {"a", "b"});
  auto asker = GENERATE(one, two);
  auto told = set.ask<queue::description>(asker, queue::describe{});
  REQUIRE(told);
  CHECK(told->figures.ready == 2);
  CHECK(told->options.name == "orders");
  auto purged = set.ask<queue::purged>(asker, queue::purge{});
  REQUIRE(purged);
  CHECK(purged->messages == 2);
  CHECK(set.kept() == 0);
}

TEST_CASE("gateway_actor: what is asked while nobody leads is answered later") {
  auto set = gateway_stage{};
  auto answer = std::optional<queue::purged>{};
  set.box.spawn([&](caf::event_based_actor* self) {
    self->request(set.members[one].gate, caf::infinite, queue::purge{})
      .then([&](const queue::purged& x) { answer = x; });
  });
  set.settle();
  CHECK_FALSE(answer);
  set.lead(two);
  CHECK(answer);
}

TEST_CASE("gateway_actor: a queue is deleted from another member") {
  auto set = gateway_stage{};
  set.lead(two);
  set.publish(one, 1, {"a"});
  set.consume(one, 1, 0);
  set.consume(two, 2, 0);
  set.box.take<edge::answered>();
  set.box.take<edge::answered>();
  auto refused = set.ask<queue::erased>(one, queue::erase{true, false});
  REQUIRE(refused);
  CHECK(refused->what == queue::erased::verdict::in_use);
  auto done = set.ask<queue::erased>(one, queue::erase{});
  REQUIRE(done);
  CHECK(done->what == queue::erased::verdict::done);
  auto gone = std::set<std::uint64_t>{};
  while (auto x = set.box.take<edge::consumer_gone>()) gone.insert(x->consumer);
  CHECK(gone == std::set<std::uint64_t>{1, 2});
  CHECK(set.kept() == 0);
}

TEST_CASE("gateway_actor: shards of one queue may be on different members") {
  auto set = gateway_stage{2};
  REQUIRE(set.group(0) != set.group(1));
  set.lead(one, 0);
  set.lead(two, 1);
  set.publish(one, 1, {"a"}, 0);
  set.publish(one, 2, {"b"}, 1);
  CHECK(set.confirmed() == tickets{1, 2});
  set.consume(two, 1, 0);
  CHECK(is_done(set.box.take<edge::answered>()));
  auto all = set.bodies();
  std::ranges::sort(all);
  CHECK(all == strings{"a", "b"});
}

// -- failovers

TEST_CASE("gateway_actor: unconfirmed publishes arrive once after a failover") {
  auto set = gateway_stage{};
  auto publisher = GENERATE(one, two);
  auto is_stored = GENERATE(false, true);
  auto to = GENERATE(one, two);
  set.lead(two);
  set.publish(publisher, 1, {"first"});
  set.log.holds = is_stored;
  set.log.loses = !is_stored;
  set.publish(publisher, 2, {"a"});
  set.publish(publisher, 3, {"b", "c"});
  CHECK(set.confirmed() == tickets{1});
  set.move(two, to);
  set.wait(200ms);
  CHECK(set.confirmed() == tickets{2, 3});
  CHECK(set.kept() == 4);
  set.consume(publisher, 1, 0);
  CHECK(set.bodies() == strings{"first", "a", "b", "c"});
}

TEST_CASE("gateway_actor: consumers go on after a failover") {
  auto set = gateway_stage{};
  auto at = GENERATE(one, two);
  set.lead(two);
  set.consume(at, 1, 0);
  CHECK(is_done(set.box.take<edge::answered>()));
  set.publish(at, 1, {"a", "b"});
  auto lent = set.deliveries();
  REQUIRE(lent.size() == 2);
  set.ack(at, 1, lent[0].at);
  set.move(two, one);
  CHECK_FALSE(set.box.take<edge::answered>()); // nobody is told
  CHECK(set.bodies() == strings{"b"});
  set.publish(at, 2, {"c"});
  CHECK(set.bodies() == strings{"c"});
}

TEST_CASE("gateway_actor: what was lent before a failover is not settled") {
  auto set = gateway_stage{};
  set.lead(two);
  set.consume(one, 1, 1);
  set.publish(one, 1, {"a", "b"});
  auto before = set.deliveries();
  REQUIRE(before.size() == 1);
  set.end_shard(two);
  set.ack(one, 1, before[0].at); // too late
  set.lead(two);
  set.wait(200ms);
  CHECK(set.kept() == 2);
  auto after = set.deliveries();
  REQUIRE(after.size() == 1);
  CHECK(after[0].body == "a");
  set.ack(one, 1, after[0].at);
  CHECK(set.kept() == 1);
}

TEST_CASE("gateway_actor: a shard here that crashes is found when it is back") {
  auto set = gateway_stage{};
  set.lead(one);
  set.consume(one, 1, 0);
  set.log.loses = true;
  set.publish(one, 1, {"a"});
  set.end_shard(one, 0, caf::exit_reason::unhandled_exception);
  set.log.loses = false;
  set.wait(100ms);
  CHECK(set.confirmed().empty());
  set.start_shard(one);
  set.wait(100ms);
  CHECK(set.confirmed() == tickets{1});
  CHECK(set.bodies() == strings{"a"});
}

TEST_CASE("gateway_actor: a shard that is not up yet is asked for again") {
  auto set = gateway_stage{};
  set.tell_leader(two);
  set.publish(one, 1, {"a"});
  set.wait(100ms);
  set.start_shard(two);
  CHECK(set.confirmed().empty());
  set.wait(100ms);
  CHECK(set.confirmed() == tickets{1});
}

TEST_CASE("gateway_actor: clients that ended are not answered any more") {
  auto set = gateway_stage{};
  set.lead(two);
  auto client = set.box.spawn([&](caf::event_based_actor* self) {
    auto asked = subscription{};
    asked.credit = 0;
    self->send(set.members[one].gate, queue::subscribe{asked, 1});
    return caf::behavior{
      [](const edge::answered&) {}, [](const consumer::deliver&) {}};
  });
  set.settle();
  set.publish(one, 1, {"a"});
  CHECK(
    set.ask<queue::description>(one, queue::describe{})->figures.on_loan == 1);
  set.box.self->send_exit(client, caf::exit_reason::kill);
  set.settle();
  auto told = set.ask<queue::description>(one, queue::describe{});
  REQUIRE(told);
  CHECK(told->figures.on_loan == 0);
  CHECK(told->figures.consumers == 0);
}

// -- links

TEST_CASE("gateway_actor: a link that breaks is a failover to the same") {
  auto set = gateway_stage{};
  set.lead(two);
  set.consume(one, 1, 0);
  set.publish(one, 1, {"a"});
  CHECK(set.confirmed() == tickets{1});
  CHECK(set.bodies() == strings{"a"});
  set.break_link(one, two);
  set.break_link(two, one);
  set.publish(one, 2, {"b"});
  set.wait(5s);
  CHECK(set.confirmed().empty());
  // Nobody has them on loan who cannot be reached.
  auto there = set.ask<queue::description>(two, queue::describe{});
  REQUIRE(there);
  CHECK(there->figures.on_loan == 0);
  set.mend_link(two, one);
  set.mend_link(one, two);
  set.wait(2s);
  CHECK(set.confirmed() == tickets{2});
  CHECK(set.bodies() == strings{"a", "b"});
}

TEST_CASE("gateway_actor: a way back that broke alone begins a new session") {
  auto set = gateway_stage{};
  set.lead(two);
  set.consume(one, 1, 0);
  CHECK(is_done(set.box.take<edge::answered>()));
  set.break_link(two, one);
  set.publish(two, 1, {"a"}); // the consumer does not hear of it
  CHECK(set.bodies().empty());
  set.mend_link(two, one);
  set.wait(200ms);
  CHECK(set.bodies() == strings{"a"});
}

TEST_CASE("gateway_actor: frames of a session that is over begin a new one") {
  auto set = gateway_stage{};
  set.lead(two);
  set.publish(one, 1, {"a"});
  CHECK(set.confirmed() == tickets{1});
  // The session ends and the frame that says so is lost.
  set.break_link(two, one);
  set.net.heal(two, one);
  set.publish(one, 2, {"b"});
  set.wait(200ms);
  CHECK(set.confirmed() == tickets{2});
  CHECK(set.kept() == 2);
}

TEST_CASE("gateway_actor: what is lost under way is no repeat when it comes") {
  auto set = gateway_stage{};
  set.lead(two);
  set.publish(one, 1, {"a"});
  CHECK(set.confirmed() == tickets{1});
  set.net.cut(one, two);
  set.publish(one, 2, {"b"});
  set.net.heal(one, two);
  set.publish(one, 3, {"c"}); // its numbers are beyond those of "b"
  set.wait(300ms);
  CHECK(set.confirmed() == tickets{2, 3});
  CHECK(set.kept() == 3);
}

TEST_CASE("gateway_actor: what is lost on the way back is answered again") {
  auto set = gateway_stage{};
  set.lead(two);
  set.net.cut(two, one);
  set.publish(one, 1, {"a"});
  set.net.heal(two, one);
  CHECK(set.confirmed().empty());
  set.publish(one, 2, {"b"});
  set.wait(300ms);
  CHECK(set.confirmed() == tickets{1, 2});
  CHECK(set.kept() == 2);
}

TEST_CASE("gateway_actor: a session whose answer is lost is asked for again") {
  auto set = gateway_stage{};
  set.start_shard(two);
  set.net.cut(two, one);
  set.tell_leader(two);
  set.net.heal(two, one);
  set.publish(one, 1, {"a"});
  CHECK(set.confirmed().empty());
  set.wait(1s);
  CHECK(set.confirmed() == tickets{1});
}

TEST_CASE("gateway_actor: frames that are not understood do no harm") {
  auto set = gateway_stage{};
  set.lead(two);
  set.publish(one, 1, {"a"});
  auto good = encode(gateway::shard_frame{
    set.options.full_name(), set.group(), 1, gateway::shard_request{}});
  for (std::size_t i = 0; i <= good.size(); ++i) {
    set.members[one].links->send(
      two, message_kind::to_shard, good.substr(0, i));
    set.members[two].links->send(
      one, message_kind::from_shard, good.substr(0, i));
    set.settle();
  }
  set.publish(one, 2, {"b"});
  CHECK(set.confirmed() == tickets{1, 2});
}

TEST_CASE("gateway_actor: a gateway that ended is forgotten") {
  auto set = gateway_stage{};
  set.lead(two);
  auto name = set.options.full_name();
  auto& here = set.members[one];
  CHECK(here.sessions->gateway(name));
  REQUIRE(set.ask<queue::erased>(one, queue::erase{}));
  CHECK_FALSE(here.sessions->gateway(name));
  // A queue of the same name is another one.
  here.gate = set.box.spawn(
    run_gateway, gateway_places{one, here.links, here.locator, here.queues},
    set.options, "gateway:anew");
  set.lead(two);
  set.publish(one, 1, {"a"});
  CHECK(set.confirmed() == tickets{1});
}

TEST_CASE("locator_actor: who was not told is, while somebody can be") {
  auto set = gateway_stage{};
  set.lead(two);
  set.consume(one, 1, 0);
  set.break_link(two, one);
  auto& there = set.members[two];
  auto end_gateway = [&](caf::exit_reason why) {
    caf::anon_send_exit(there.gate, why);
    set.box.play();
  };
  auto expected = std::ptrdiff_t{1};
  SECTION("all are there") {}
  SECTION("its queue has failed here") {
    end_gateway(caf::exit_reason::unhandled_exception);
  }
  SECTION("its queue is deleted") {
    end_gateway(caf::exit_reason::user_shutdown);
    expected = 0;
  }
  SECTION("another member has gone") {
    set.box.tell(there.locator, gates::member_gone{two});
  }
  SECTION("its member has gone") {
    set.box.tell(there.locator, gates::member_gone{one});
    expected = 0;
  }
  set.net.heal(two, one);
  set.box.tell(there.locator, gates::link_changed{one, true});
  auto is_told = [](const auto& x) {
    return x.from == two && x.kind == message_kind::from_shard;
  };
  CHECK(std::ranges::count_if(set.net.waiting(), is_told) == expected);
}

TEST_CASE("session_actor: partitions that the shard has not end the session") {
  auto set = gateway_stage{2};
  REQUIRE(set.group(0) != set.group(1));
  set.lead(two, 0);
  auto links = set.members[one].links;
  auto open = gateway::shard_frame{
    set.options.full_name(), set.group(0), 5, gateway::open{}};
  links->send(two, message_kind::to_shard, encode(open));
  set.settle();
  auto what = troupe::publish{};
  what.ticket = 1;
  what.partition = 1;
  what.messages = batch_of({"a"});
  auto wrong = gateway::shard_frame{
    set.options.full_name(), set.group(0), 5,
    gateway::shard_request{gateway::enqueue{{what}}}, 1};
  links->send(two, message_kind::to_shard, encode(wrong));
  set.settle();
  auto key =
    session_register::session_key{one, set.options.full_name(), set.group(0)};
  CHECK_FALSE(set.members[two].sessions->session(key, 5));
  CHECK(set.log.commits == 0);
}
