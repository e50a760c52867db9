#include "tests/engine/amqp/connection_rig.hpp"

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

TEST_CASE("consume: replies need no queue of the client's", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(1, queue_declare{.queue = "amq.rabbitmq.reply-to", .passive = true});
  rig.next<queue_declare_ok>(1);
  rig.send(
    1,
    basic_consume{
      .queue = "amq.rabbitmq.reply-to", .consumer_tag = "r", .no_ack = true});
  rig.next<basic_consume_ok>(1);
  auto wanted = std::get<subscribe>(rig.asked.back());
  auto name = wanted.queue->name;
  CHECK(name.starts_with("amq.rabbitmq.reply-to."));
  CHECK(name.size() > 40);
  CHECK(wanted.what.no_ack);

  rig.declare("rpc");
  auto set = properties{};
  set.reply_to = "amq.rabbitmq.reply-to";
  set.correlation_id = "7";
  rig.publish(1, {.routing_key = "rpc"}, "question", encode(set));
  auto asked = rig.take_published();
  REQUIRE(asked.size() == 1);
  set.reply_to = name;
  CHECK(decode_properties(asked[0].properties).value() == set);

  rig.publish(1, {.routing_key = name}, "answer");
  CHECK(rig.take_published().at(0).queue == name);
  rig.deliver(wanted.consumer, {"answer"});
  CHECK(rig.next_content<basic_deliver>(1).body == "answer");

  // A server can see whether its client is still there.
  rig.send(1, queue_declare{.queue = name, .durable = true});
  rig.next<queue_declare_ok>(1);
  rig.send(1, queue_declare{.queue = "amq.rabbitmq.reply-to.gone"});
  rig.channel_closed(404);
}

TEST_CASE("consume: replies have their rules", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  auto to = basic_consume{.queue = "amq.rabbitmq.reply-to"};
  rig.send(1, to);
  CHECK(
    rig.channel_closed(406)
    == "PRECONDITION_FAILED - reply consumer cannot acknowledge");
  rig.open_channel();
  to.no_ack = true;
  rig.send(1, to);
  rig.next<basic_consume_ok>(1);
  rig.send(1, to);
  CHECK(
    rig.channel_closed(406)
    == "PRECONDITION_FAILED - reply consumer already set");
  rig.open_channel();
  auto set = properties{};
  set.reply_to = "amq.rabbitmq.reply-to";
  rig.publish(1, {}, "question", encode(set));
  CHECK(
    rig.channel_closed(406)
    == "PRECONDITION_FAILED - fast reply consumer does not exist");
  rig.open_channel();
  rig.send(
    1,
    queue_bind{.queue = "amq.rabbitmq.reply-to.x", .exchange = "amq.direct"});
  rig.channel_closed(403);
}

TEST_CASE("consume: who stops taking replies may start again", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  auto to = basic_consume{
    .queue = "amq.rabbitmq.reply-to", .consumer_tag = "r", .no_ack = true};
  rig.send(1, to);
  rig.next<basic_consume_ok>(1);
  rig.send(1, basic_cancel{"r", false});
  rig.next<basic_cancel_ok>(1);
  rig.send(1, to);
  rig.next<basic_consume_ok>(1);
}
