#include "tests/actors/cluster/gateway_stage.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

// When the two ends of a session with a shard part.

using namespace troupe;
using namespace troupe::test;

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
