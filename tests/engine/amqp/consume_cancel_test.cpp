#include "tests/engine/amqp/queue_rig.hpp"

#include <memory>
#include <vector>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;
using runs = std::vector<position_run>;

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
  auto rig = with_confirms();
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
