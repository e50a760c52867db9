#include "tests/engine/amqp/queue_rig.hpp"

#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

TEST_CASE("consume: deliveries have tag, number and place", "[amqp]") {
  auto rig = with_queue();
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"a", "b"});
  rig.deliver(number, {"c"}, 3, true);
  auto first = rig.next_content<basic_deliver>(1);
  CHECK(
    std::get<basic_deliver>(first.what)
    == basic_deliver{"c", 1, false, "ex", "key"});
  CHECK(first.body == "a");
  CHECK(rig.next<basic_deliver>(1).delivery_tag == 2);
  auto third = rig.next<basic_deliver>(1);
  CHECK(third.delivery_tag == 3);
  CHECK(third.redelivered);
}

TEST_CASE("consume: a tag is made up where none is given", "[amqp]") {
  auto rig = with_queue();
  rig.send(1, basic_consume{.queue = "q"});
  auto one = std::string{rig.next<basic_consume_ok>(1).consumer_tag};
  rig.send(1, basic_consume{.queue = "q"});
  auto two = std::string{rig.next<basic_consume_ok>(1).consumer_tag};
  CHECK(one.starts_with("amq.ctag-"));
  CHECK(one.size() == 31);
  CHECK(one != two);
}

TEST_CASE("consume: what is asked for is passed on", "[amqp]") {
  auto rig = with_queue();
  rig.send(1, basic_qos{0, 10, false});
  rig.next<basic_qos_ok>(1);
  auto arguments = encode(field_table{{{"x-priority", {std::int8_t{-3}}}}});
  rig.send(
    1, basic_consume{
         .queue = "q",
         .consumer_tag = "c",
         .no_ack = true,
         .exclusive = true,
         .arguments = arguments});
  rig.next<basic_consume_ok>(1);
  auto what = last_subscription(rig);
  CHECK(what.credit == 10);
  CHECK(what.priority == -3);
  CHECK(what.no_ack);
  CHECK(what.is_exclusive);
  CHECK(what.window_bytes == rig.machine.options().consumer_window_bytes);
}

TEST_CASE("consume: a priority has to be an integer", "[amqp]") {
  auto rig = with_queue();
  auto arguments = encode(field_table{{{"x-priority", {std::string{"high"}}}}});
  rig.send(1, basic_consume{.queue = "q", .arguments = arguments});
  rig.channel_closed(406);
}

TEST_CASE("consume: a tag is used once at a time", "[amqp]") {
  auto rig = with_queue();
  rig.consume("q", "c");
  rig.send(1, basic_consume{.queue = "q", .consumer_tag = "c"});
  CHECK(
    rig.connection_closed(530)
    == "NOT_ALLOWED - attempt to reuse consumer tag 'c'");
}

TEST_CASE("consume: a queue has to be there", "[amqp]") {
  auto rig = with_queue();
  rig.send(1, basic_consume{.queue = "none"});
  CHECK(rig.channel_closed(404) == "NOT_FOUND - no queue 'none' in vhost '/'");
  rig.open_channel();
  rig.send(1, basic_get{.queue = "none"});
  rig.channel_closed(404);
}

TEST_CASE("consume: another's exclusive queue is locked", "[amqp]") {
  auto rig = with_queue();
  rig.add_queue("mine", rig.machine.options().id);
  rig.add_queue("theirs", 99);
  rig.consume("mine", "c");
  rig.send(1, basic_consume{.queue = "theirs"});
  auto text = rig.channel_closed(405);
  CHECK(text.starts_with(
    "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue "
    "'theirs' in vhost '/'. "));
  rig.open_channel();
  rig.send(1, basic_get{.queue = "theirs"});
  rig.channel_closed(405);
}

TEST_CASE("consume: a queue may refuse", "[amqp]") {
  auto rig = with_queue();
  rig.next_refusal = refused{
    reply_code::access_refused, "queue 'q' in vhost '/' in exclusive use"};
  rig.send(1, basic_consume{.queue = "q", .consumer_tag = "c"});
  CHECK(
    rig.channel_closed(403)
    == "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use");
  CHECK(rig.take_notices<left>().empty());
}

// -- what consumers are told

TEST_CASE("consume: quorum queues show how often they tried", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  auto arguments =
    encode(field_table{{{"x-queue-type", {std::string{"quorum"}}}}});
  rig.send(
    1, queue_declare{.queue = "q", .durable = true, .arguments = arguments});
  rig.next<queue_declare_ok>(1);
  auto number = rig.consume("q", "c");
  auto run = loan_of_one();
  run.deliveries = 2;
  rig.machine.on_deliveries(number, {run}, rig.now);
  auto came = rig.next_content<basic_deliver>(1);
  auto count = find_header(came.properties, "x-delivery-count");
  REQUIRE(count);
  CHECK(to_text(*count) == "2");
}

// -- windows

TEST_CASE("consume: queues learn what was written", "[amqp]") {
  auto options = connection_rig::usual();
  options.consumer_window_bytes = 4000;
  auto rig = connection_rig{options};
  rig.open();
  rig.declare("q");
  auto number = rig.consume("q", "c");
  auto before = rig.written;
  rig.deliver(number, {std::string(600, 'x')}, 1);
  auto first = rig.written;
  rig.deliver(number, {std::string(600, 'x')}, 2);
  auto second = rig.written;
  rig.deliver(number, {std::string(600, 'x')}, 3);
  rig.machine.on_written(before);
  CHECK(rig.take_notices<written>().empty());
  rig.machine.on_written(first); // less than a quarter of the window
  CHECK(rig.take_notices<written>().empty());
  rig.machine.on_written(second);
  auto told = rig.take_notices<written>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].consumer == number);
  CHECK(told[0].bytes > 1200);
  rig.machine.on_written(rig.written); // all of it
  auto rest = rig.take_notices<written>();
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].bytes * 2 == told[0].bytes);
}
