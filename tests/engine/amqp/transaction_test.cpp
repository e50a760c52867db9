#include "tests/engine/amqp/connection_rig.hpp"

#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

namespace {

using runs = std::vector<position_run>;

connection_rig selected() {
  auto rig = connection_rig{};
  rig.open();
  rig.declare("q");
  rig.send(1, tx_select{});
  rig.next<tx_select_ok>(1);
  return rig;
}

const auto to_queue = basic_publish{.routing_key = "q"};

} // namespace

TEST_CASE("transaction: messages wait for the commit", "[amqp]") {
  auto rig = selected();
  rig.publish(1, to_queue, "a");
  rig.publish(1, to_queue, "b");
  CHECK(rig.take_published().empty());
  rig.send(1, tx_commit{});
  auto all = rig.take_published();
  REQUIRE(all.size() == 2);
  CHECK(all[0].body == "a");
  CHECK(rig.is_silent());
  CHECK(!rig.machine.wants_input());
  rig.confirm(all[0].ticket);
  rig.next<tx_commit_ok>(1);
  CHECK(rig.machine.wants_input());
  // And the next one is a new one.
  rig.send(1, tx_commit{});
  rig.next<tx_commit_ok>(1);
}

TEST_CASE("transaction: what follows a commit waits for it", "[amqp]") {
  auto rig = selected();
  auto bytes = connection_rig::published_bytes(1, to_queue, "a");
  encode(bytes, 1, tx_commit{});
  bytes += connection_rig::published_bytes(1, to_queue, "b");
  encode(bytes, 1, tx_commit{});
  rig.send_bytes(bytes);
  auto all = rig.take_published();
  REQUIRE(all.size() == 1);
  rig.confirm(all[0].ticket);
  rig.next<tx_commit_ok>(1);
  all = rig.take_published();
  REQUIRE(all.size() == 1);
  CHECK(all[0].body == "b");
  rig.confirm(all[0].ticket);
  rig.next<tx_commit_ok>(1);
}

TEST_CASE("transaction: a rollback forgets messages", "[amqp]") {
  auto rig = selected();
  rig.publish(1, to_queue, "a");
  rig.send(1, tx_rollback{});
  rig.next<tx_rollback_ok>(1);
  rig.send(1, tx_commit{});
  rig.next<tx_commit_ok>(1);
  CHECK(rig.take_published().empty());
}

TEST_CASE("transaction: acks wait for the commit", "[amqp]") {
  auto rig = selected();
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"a", "b", "c"}, 1);
  rig.inbox.clear();
  rig.send(1, basic_ack{1, false});
  rig.send(1, basic_nack{2, false, false});
  CHECK(rig.take_notices<settling>().empty());
  rig.send(1, tx_rollback{});
  rig.next<tx_rollback_ok>(1);
  rig.send(1, basic_ack{2, true}); // both are there again
  rig.send(1, tx_commit{});
  rig.next<tx_commit_ok>(1);
  auto told = rig.take_notices<settling>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].what.at(0).acked == runs{{1, 2}});
  rig.send(1, basic_ack{1, false});
  rig.channel_closed(406);
}

TEST_CASE("transaction: acks that wait fill the prefetch", "[amqp]") {
  auto rig = selected();
  rig.send(1, basic_qos{0, 1, true});
  rig.next<basic_qos_ok>(1);
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"a", "b"});
  rig.next<basic_deliver>(1);
  rig.send(1, basic_ack{1, false});
  CHECK(rig.is_silent());
  CHECK(rig.take_notices<pausing>().size() == 1);
  rig.send(1, tx_commit{});
  rig.next<tx_commit_ok>(1);
  CHECK_FALSE(rig.take_notices<pausing>().at(0).is_paused);
}

TEST_CASE("transaction: what is not committed goes back", "[amqp]") {
  auto rig = selected();
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"a"});
  rig.inbox.clear();
  rig.publish(1, to_queue, "x");
  rig.send(1, basic_ack{1, false});
  rig.send(1, channel_close{200, "", 0, 0});
  rig.next<channel_close_ok>(1);
  CHECK(rig.take_published().empty());
  CHECK(rig.take_notices<settling>().empty());
  CHECK(rig.take_notices<left>().size() == 1);
}

TEST_CASE("transaction: a refused message fails the commit", "[amqp]") {
  auto rig = selected();
  rig.publish(1, to_queue, "a");
  rig.send(1, tx_commit{});
  rig.confirm(rig.take_published().at(0).ticket, {0});
  CHECK(
    rig.channel_closed(406) == "PRECONDITION_FAILED - partial tx completion");
  CHECK(rig.failed_method == key_of<tx_commit>);
  CHECK(rig.machine.wants_input());
}

TEST_CASE("transaction: a lost queue fails the commit", "[amqp]") {
  auto rig = selected();
  rig.publish(1, to_queue, "a");
  rig.send(1, tx_commit{});
  rig.take_published();
  rig.machine.on_queue_lost(rig.places.snapshot()->find_queue("/", "q")->id);
  rig.channel_closed(406);
}

TEST_CASE("transaction: returns come with the commit", "[amqp]") {
  auto rig = selected();
  rig.publish(1, {.routing_key = "none", .mandatory = true}, "a");
  CHECK(rig.is_silent());
  rig.send(1, tx_commit{});
  CHECK(rig.next_content<basic_return>(1).body == "a");
  rig.next<tx_commit_ok>(1);
}

TEST_CASE("transaction: refusals do not wait for the commit", "[amqp]") {
  auto rig = selected();
  rig.publish(1, {.exchange = "none"}, "a");
  rig.channel_closed(404);
}

TEST_CASE("transaction: select may be repeated", "[amqp]") {
  auto rig = selected();
  rig.publish(1, to_queue, "a");
  rig.send(1, tx_select{});
  rig.next<tx_select_ok>(1);
  rig.send(1, tx_commit{});
  CHECK(rig.take_published().size() == 1);
}

TEST_CASE("transaction: needs select first", "[amqp]") {
  auto text = std::string{"PRECONDITION_FAILED - channel is not transactional"};
  auto rig = connection_rig{};
  rig.open();
  rig.send(1, tx_commit{});
  CHECK(rig.channel_closed(406) == text);
  rig.open_channel();
  rig.send(1, tx_rollback{});
  CHECK(rig.channel_closed(406) == text);
}

TEST_CASE("transaction: confirms and transactions exclude", "[amqp]") {
  auto rig = selected();
  rig.send(1, confirm_select{});
  CHECK(
    rig.channel_closed(406)
    == "PRECONDITION_FAILED - cannot switch from tx to confirm mode");
  rig.open_channel();
  rig.send(1, confirm_select{});
  rig.next<confirm_select_ok>(1);
  rig.send(1, tx_select{});
  CHECK(
    rig.channel_closed(406)
    == "PRECONDITION_FAILED - cannot switch from confirm to tx mode");
}

TEST_CASE("transaction: is bounded", "[amqp]") {
  auto rig = selected();
  auto body = std::string(10'000'000, 'x');
  auto bytes = connection_rig::published_bytes(1, to_queue, body);
  for (int i = 0; i < 6; ++i) rig.send_bytes(bytes);
  CHECK(rig.is_silent());
  rig.send_bytes(bytes);
  rig.channel_closed(311);
}
