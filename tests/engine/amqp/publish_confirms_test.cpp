#include "tests/engine/amqp/queue_rig.hpp"

#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

TEST_CASE("publish: confirms come with their queue's answer", "[amqp]") {
  auto rig = with_confirms();
  for (int i = 0; i < 3; ++i)
    rig.machine.on_bytes(
      connection_rig::published_bytes(1, {.routing_key = "q"}, "x"), rig.now);
  auto all = rig.take_published();
  REQUIRE(all.size() == 3);
  CHECK(rig.is_silent());
  rig.confirm(all[0].ticket);
  CHECK(rig.next<basic_ack>(1) == basic_ack{3, true});
}

TEST_CASE("publish: a fanout is confirmed when all have it", "[amqp]") {
  auto rig = with_confirms();
  rig.declare("r");
  for (auto queue : {"q", "r"}) {
    rig.send(1, queue_bind{.queue = queue, .exchange = "amq.fanout"});
    rig.next<queue_bind_ok>(1);
  }
  rig.publish(1, {.exchange = "amq.fanout"}, "x");
  auto all = rig.take_published();
  REQUIRE(all.size() == 2);
  rig.confirm(all[0].ticket);
  CHECK(rig.is_silent());
  rig.confirm(all[1].ticket);
  CHECK(rig.next<basic_ack>(1).delivery_tag == 1);
}

TEST_CASE("publish: what a queue refuses is nacked", "[amqp]") {
  auto rig = with_confirms();
  auto bytes = std::string{};
  for (int i = 0; i < 5; ++i)
    bytes += connection_rig::published_bytes(1, {.routing_key = "q"}, "x");
  rig.send_bytes(bytes);
  rig.confirm(rig.take_published().at(0).ticket, {3, 1});
  CHECK(rig.next<basic_nack>(1).delivery_tag == 2);
  CHECK(rig.next<basic_nack>(1).delivery_tag == 4);
  CHECK(rig.next<basic_ack>(1) == basic_ack{5, true});
}

TEST_CASE("publish: each channel counts its own confirms", "[amqp]") {
  auto rig = with_confirms();
  rig.open_channel(2);
  rig.open_channel(3);
  rig.send(2, confirm_select{.nowait = true});
  auto bytes = std::string{};
  for (auto channel : {1, 1, 2, 3, 1, 2})
    bytes += connection_rig::published_bytes(
      static_cast<std::uint16_t>(channel), {.routing_key = "q"}, "x");
  rig.send_bytes(bytes);
  auto all = rig.take_published();
  rig.confirm(all[0].ticket, {5});
  CHECK(rig.next<basic_ack>(1) == basic_ack{3, true});
  CHECK(rig.next<basic_nack>(2).delivery_tag == 2);
  CHECK(rig.next<basic_ack>(2) == basic_ack{1, false});
  CHECK(rig.is_silent());
}

TEST_CASE("publish: a closed channel's confirms go nowhere", "[amqp]") {
  auto rig = with_confirms();
  rig.publish(1, {.routing_key = "q"}, "x");
  auto ticket = rig.take_published().at(0).ticket;
  rig.send(1, channel_close{200, "", 0, 0});
  rig.next<channel_close_ok>(1);
  rig.open_channel();
  rig.send(1, confirm_select{.nowait = true});
  rig.publish(1, {.routing_key = "q"}, "y");
  rig.confirm(ticket);
  CHECK(rig.is_silent());
}

TEST_CASE("publish: without confirms nothing is told", "[amqp]") {
  auto rig = with_queue();
  rig.publish(1, {.routing_key = "q"}, "x");
  rig.confirm(rig.take_published().at(0).ticket, {0});
  CHECK(rig.is_silent());
}
