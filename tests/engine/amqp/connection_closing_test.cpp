#include "tests/engine/amqp/connection_rig.hpp"
#include "tests/engine/amqp/raw_frame.hpp"

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;
using troupe::test::raw_frame;

namespace {

/// Returns how a consumer leaves that was given three messages, settled some of
/// them, and vanished.
left left_after(const basic_ack& settled) {
  auto rig = connection_rig{};
  rig.open();
  rig.declare("q");
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"a", "b", "c"}, 10);
  rig.send(1, settled);
  rig.machine.on_peer_closed(rig.now);
  CHECK(rig.machine.is_over());
  auto gone = rig.take_notices<left>();
  REQUIRE(gone.size() == 1);
  return gone[0];
}

} // namespace

TEST_CASE("connection: close is answered and gives all back", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.declare("q");
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"a"});
  rig.next_content<basic_deliver>(1);
  rig.send(0, connection_close{200, "bye", 0, 0});
  rig.next<connection_close_ok>(0);
  CHECK(rig.closes);
  CHECK(rig.machine.is_over());
  auto gone = rig.take_notices<left>();
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].consumer == number);
  CHECK(!gone[0].crash);
}

TEST_CASE("connection: it can be closed before it is open", "[amqp]") {
  auto rig = connection_rig{};
  rig.log_in();
  rig.next<connection_tune>(0);
  rig.send(0, connection_close{200, "bye", 0, 0});
  rig.next<connection_close_ok>(0);
  CHECK(rig.closes);
}

TEST_CASE("connection: an operator's close is told", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.machine.on_close(320, "node stops");
  auto m = rig.next<connection_close>(0);
  CHECK(m.reply_code == 320);
  CHECK(m.reply_text == "CONNECTION_FORCED - node stops");
  CHECK(!rig.closes);
  rig.send(1, queue_declare{.queue = "ignored"});
  rig.send(0, connection_tune_ok{});
  rig.send_bytes(raw_frame(8, 0, ""));
  CHECK(rig.is_silent());
  rig.send(0, connection_close_ok{});
  CHECK(rig.closes);
}

TEST_CASE("connection: both sides may close at once", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.machine.on_close(320, "node stops");
  rig.next<connection_close>(0);
  rig.send(0, connection_close{200, "bye", 0, 0});
  rig.next<connection_close_ok>(0);
  CHECK(!rig.closes);
  rig.send(0, connection_close_ok{});
  CHECK(rig.closes);
}

TEST_CASE("connection: who does not answer a close is cut off", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.machine.on_close(320, "node stops");
  rig.next<connection_close>(0);
  CHECK(rig.machine.next_due() == rig.now + 30s);
  rig.pass(29s);
  CHECK(!rig.closes);
  rig.pass(1s);
  CHECK(rig.closes);
}

TEST_CASE("connection: a vanished client charges what it was at", "[amqp]") {
  auto gone = left_after({1, false});
  REQUIRE(gone.crash);
  CHECK(gone.crash->at == 11);
}

TEST_CASE("connection: who settles many charges nothing", "[amqp]") {
  CHECK(!left_after({2, true}).crash);
}

TEST_CASE("connection: an answer after the end means nothing", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.answers = false;
  rig.send(1, queue_declare{.queue = "q"});
  rig.machine.on_close(320, "node stops");
  rig.next<connection_close>(0);
  rig.answer_next();
  CHECK(rig.is_silent());
}
