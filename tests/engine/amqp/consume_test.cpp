#include "tests/engine/amqp/connection_rig.hpp"

#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

namespace {

connection_rig with_queue(const field_table& client = all_capabilities()) {
  auto rig = connection_rig{};
  rig.open_connection(client);
  rig.open_channel();
  rig.declare("q");
  return rig;
}

subscription last_subscription(const connection_rig& rig) {
  return std::get<subscribe>(rig.asked.back()).what;
}

std::vector<std::string> bodies(connection_rig& rig) {
  rig.pump();
  auto all = std::vector<std::string>{};
  for (const auto& x : rig.inbox)
    if (std::holds_alternative<basic_deliver>(x.what)) all.push_back(x.body);
  rig.inbox.clear();
  return all;
}

std::vector<position_run> unseen(connection_rig& rig) {
  auto all = std::vector<position_run>{};
  for (const auto& x : rig.take_notices<settling>())
    for (const auto& part : x.what)
      all.insert(all.end(), part.unseen.begin(), part.unseen.end());
  return all;
}

using strings = std::vector<std::string>;
using runs = std::vector<position_run>;

} // namespace

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

// -- cancelling

TEST_CASE("consume: cancelling is answered, whatever the tag", "[amqp]") {
  auto rig = with_queue();
  auto number = rig.consume("q", "c");
  rig.send(1, basic_cancel{"c", false});
  CHECK(rig.next<basic_cancel_ok>(1).consumer_tag == "c");
  CHECK(rig.take_notices<left>().at(0).consumer == number);
  rig.send(1, basic_cancel{"unknown", false});
  CHECK(rig.next<basic_cancel_ok>(1).consumer_tag == "unknown");
  rig.send(1, basic_cancel{"unknown", true});
  CHECK(rig.is_silent());
}

TEST_CASE("consume: what a cancelled one has is still settled", "[amqp]") {
  auto rig = with_queue();
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"a", "b"});
  rig.send(1, basic_cancel{"c", true});
  rig.inbox.clear();
  CHECK(rig.take_notices<left>().empty());
  rig.send(1, basic_ack{1, false});
  CHECK(rig.take_notices<left>().empty());
  rig.send(1, basic_ack{2, false});
  auto last = rig.notices.back();
  CHECK(std::get<left>(last).consumer == number);
  CHECK(rig.take_notices<settling>().size() == 2);
}

TEST_CASE("consume: what comes after cancelling goes back", "[amqp]") {
  auto rig = with_queue();
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"a"}, 1);
  rig.send(1, basic_cancel{"c", true});
  rig.inbox.clear();
  rig.deliver(number, {"b", "c"}, 2);
  CHECK(rig.is_silent());
  CHECK(unseen(rig) == runs{{2, 2}});
}

TEST_CASE("consume: a tag can be used again", "[amqp]") {
  auto rig = with_queue();
  auto one = rig.consume("q", "c");
  rig.deliver(one, {"a"});
  rig.send(1, basic_cancel{"c", true});
  rig.inbox.clear();
  auto two = rig.consume("q", "c");
  CHECK(one != two);
  // The end of the first one leaves the second one its tag.
  rig.send(1, basic_ack{1, false});
  rig.send(1, basic_consume{.queue = "q", .consumer_tag = "c"});
  rig.connection_closed(530);
}

TEST_CASE("consume: a deleted queue cancels its consumers", "[amqp]") {
  auto rig = with_queue();
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"a"});
  bodies(rig);
  rig.machine.on_cancelled(number);
  CHECK(rig.next<basic_cancel>(1) == basic_cancel{"c", true});
  rig.send(1, basic_cancel_ok{"c"});
  rig.send(1, basic_ack{1, false}); // there is nobody to tell
  CHECK(rig.is_silent());
  CHECK(rig.take_notices<settling>().empty());
  CHECK(rig.take_notices<left>().empty());
}

TEST_CASE("consume: who cannot take a cancel is not told", "[amqp]") {
  auto rig = with_queue(field_table{});
  auto number = rig.consume("q", "c");
  rig.machine.on_cancelled(number);
  CHECK(rig.is_silent());
}

TEST_CASE("consume: a lost queue cancels and refuses", "[amqp]") {
  auto rig = with_queue();
  rig.send(1, confirm_select{});
  rig.next<confirm_select_ok>(1);
  rig.consume("q", "c");
  rig.publish(1, {.routing_key = "q"}, "x");
  auto id = rig.places.snapshot()->find_queue("/", "q")->id;
  rig.machine.on_queue_lost(id);
  rig.next<basic_cancel>(1);
  CHECK(rig.next<basic_nack>(1).delivery_tag == 1);
  rig.confirm(rig.take_published().at(0).ticket); // too late
  CHECK(rig.is_silent());
}

TEST_CASE("consume: a closed channel gives all back", "[amqp]") {
  auto rig = with_queue();
  auto one = rig.consume("q", "c");
  rig.deliver(one, {"a", "b"});
  bodies(rig);
  rig.send(1, basic_ack{1, false});
  rig.send(1, channel_close{200, "", 0, 0});
  rig.next<channel_close_ok>(1);
  // What was settled is told before.
  REQUIRE(rig.notices.size() == 2);
  CHECK(std::get<settling>(rig.notices[0]).what.at(0).acked == runs{{1, 1}});
  CHECK(std::get<left>(rig.notices[1]).consumer == one);
  CHECK(!std::get<left>(rig.notices[1]).crash);
  rig.deliver(one, {"late"});
  CHECK(rig.is_silent());
}

TEST_CASE("consume: lost rights cancel consumers", "[amqp]") {
  auto rig = connection_rig{};
  auto mine = user{*make_user()};
  auto shared = std::make_shared<user>(mine);
  rig.who = shared;
  rig.open();
  rig.declare("q");
  auto number = rig.consume("q", "c");
  shared->rights["/"] = vhost_rights::parse(".*", ".*", "^other$").value();
  rig.send(0, connection_update_secret{"new", "rotated"});
  CHECK(rig.next<basic_cancel>(1).consumer_tag == "c");
  rig.next<connection_update_secret_ok>(0);
  CHECK(rig.take_notices<cancelled>().at(0).consumer == number);
  shared->rights.clear();
  rig.send(0, connection_update_secret{"new", "rotated"});
  rig.connection_closed(530);
}

// -- prefetch

TEST_CASE("consume: a prefetch is for consumers to come", "[amqp]") {
  auto rig = with_queue();
  rig.consume("q", "a");
  CHECK(last_subscription(rig).credit == 0);
  rig.send(1, basic_qos{0, 5, false});
  rig.next<basic_qos_ok>(1);
  CHECK(rig.take_notices<credit_change>().empty());
  rig.consume("q", "b");
  CHECK(last_subscription(rig).credit == 5);
}

TEST_CASE("consume: Celery's prefetch reaches live ones", "[amqp]") {
  auto rig = with_queue(field_table{{{"product", {std::string{"py-amqp"}}}}});
  auto number = rig.consume("q", "a");
  rig.send(1, basic_qos{0, 5, false});
  rig.next<basic_qos_ok>(1);
  auto changes = rig.take_notices<credit_change>();
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].consumer == number);
  CHECK(changes[0].credit == 5);
}

TEST_CASE("consume: a global prefetch holds for the channel", "[amqp]") {
  auto rig = with_queue();
  auto one = rig.consume("q", "a");
  auto two = rig.consume("q", "b");
  rig.send(1, basic_qos{0, 3, true});
  rig.next<basic_qos_ok>(1);
  CHECK(rig.take_notices<credit_change>().size() == 2);
  rig.deliver(one, {"1", "2"}, 1);
  rig.deliver(two, {"3", "4", "5"}, 3);
  CHECK(bodies(rig) == strings{"1", "2", "3"});
  CHECK(unseen(rig) == runs{{4, 2}});
  auto pauses = rig.take_notices<pausing>();
  REQUIRE(pauses.size() == 2);
  CHECK(pauses[0].is_paused);
  CHECK(pauses[1].is_paused);
  rig.send(1, basic_ack{1, false});
  CHECK_FALSE(rig.take_notices<pausing>().at(0).is_paused);
  rig.deliver(two, {"4"}, 4);
  CHECK(bodies(rig) == strings{"4"});
  CHECK(rig.take_notices<pausing>().at(0).is_paused);
}

TEST_CASE("consume: who comes to a full channel waits", "[amqp]") {
  auto rig = with_queue();
  rig.send(1, basic_qos{0, 1, true});
  rig.next<basic_qos_ok>(1);
  auto one = rig.consume("q", "a");
  rig.deliver(one, {"1"}, 1);
  rig.next<basic_deliver>(1);
  rig.send(1, basic_consume{.queue = "q", .consumer_tag = "b"});
  CHECK(std::get<amqp::subscribe>(rig.asked.back()).is_paused);
}

TEST_CASE("consume: the limit may be lifted", "[amqp]") {
  auto rig = with_queue();
  auto one = rig.consume("q", "a");
  rig.send(1, basic_qos{0, 1, true});
  rig.deliver(one, {"1", "2", "3"});
  CHECK(bodies(rig) == strings{"1"});
  rig.notices.clear();
  rig.send(1, basic_qos{0, 0, true});
  CHECK_FALSE(rig.take_notices<pausing>().at(0).is_paused);
  rig.deliver(one, {"2", "3"}, 2);
  rig.inbox.pop_front(); // qos-ok
  CHECK(bodies(rig) == strings{"2", "3"});
}

TEST_CASE("consume: a prefetch in bytes is not known", "[amqp]") {
  auto rig = with_queue();
  rig.send(1, basic_qos{1000, 1, false});
  CHECK(
    rig.connection_closed(540) == "NOT_IMPLEMENTED - prefetch_size!=0 (1000)");
}

// -- getting

TEST_CASE("consume: get takes one message", "[amqp]") {
  auto rig = with_queue();
  auto builder = batch_builder{};
  builder.add(message{"ex", "key", {}, "body"});
  auto run = loaned_run{};
  run.messages = builder.take();
  run.count = 1;
  run.at = 77;
  run.redelivered = true;
  rig.next_got = amqp::got{run, 9};
  rig.send(1, basic_get{.queue = "q"});
  auto came = rig.next_content<basic_get_ok>(1);
  CHECK(
    std::get<basic_get_ok>(came.what) == basic_get_ok{1, true, "ex", "key", 9});
  CHECK(came.body == "body");
  rig.send(1, basic_ack{1, false});
  auto told = rig.take_notices<settling>();
  CHECK(told.at(0).what.at(0).acked == runs{{77, 1}});
  // The next one is by the same getter.
  auto number = std::get<get>(rig.asked.back()).consumer;
  rig.send(1, basic_get{.queue = "q"});
  rig.next<basic_get_empty>(1);
  CHECK(std::get<get>(rig.asked.back()).consumer == number);
}

TEST_CASE("consume: get without acks leaves nothing to settle", "[amqp]") {
  auto rig = with_queue();
  auto builder = batch_builder{};
  builder.add(message{"ex", "key", {}, "body"});
  auto run = loaned_run{};
  run.messages = builder.take();
  run.count = 1;
  rig.next_got = amqp::got{run, 0};
  rig.send(1, basic_get{.queue = "q", .no_ack = true});
  CHECK(std::get<get>(rig.asked.back()).no_ack);
  rig.next_content<basic_get_ok>(1);
  rig.send(1, basic_ack{1, false});
  rig.channel_closed(406);
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

// -- direct reply-to

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

TEST_CASE("consume: quorum queues show how often they tried", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  auto arguments =
    encode(field_table{{{"x-queue-type", {std::string{"quorum"}}}}});
  rig.send(
    1, queue_declare{.queue = "q", .durable = true, .arguments = arguments});
  rig.next<queue_declare_ok>(1);
  auto number = rig.consume("q", "c");
  auto builder = batch_builder{};
  builder.add(message{"ex", "key", {}, "body"});
  auto run = loaned_run{};
  run.messages = builder.take();
  run.count = 1;
  run.deliveries = 2;
  rig.machine.on_deliveries(number, {run}, rig.now);
  auto came = rig.next_content<basic_deliver>(1);
  auto count = find_header(came.properties, "x-delivery-count");
  REQUIRE(count);
  CHECK(to_text(*count) == "2");
}
