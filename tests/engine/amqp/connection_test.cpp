#include "tests/engine/amqp/connection_rig.hpp"
#include "tests/engine/amqp/raw_frame.hpp"

#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;
using troupe::test::raw_frame;
using namespace std::string_literals;

namespace {

connection_rig opened(std::uint16_t heartbeat) {
  auto rig = connection_rig{};
  rig.open_connection(all_capabilities(), {2047, 131072, heartbeat});
  return rig;
}

void pass(connection_rig& rig, duration time) {
  rig.now += time;
  rig.machine.on_time(rig.now);
  rig.pump();
}

} // namespace

// -- heartbeats

TEST_CASE("connection: heartbeats go out at half the timeout", "[amqp]") {
  auto rig = opened(10);
  CHECK(rig.machine.next_due() == rig.now + 5s);
  pass(rig, 4999ms);
  CHECK(rig.heartbeats == 0);
  pass(rig, 1ms); // open-ok and all went out since
  pass(rig, 5s);
  CHECK(rig.heartbeats == 1);
  rig.send_bytes(raw_frame(8, 0, ""));
  rig.open_channel();
  pass(rig, 5s);
  CHECK(rig.heartbeats == 1);
  pass(rig, 5s);
  CHECK(rig.heartbeats == 2);
}

TEST_CASE("connection: a client that is silent is dropped", "[amqp]") {
  auto rig = opened(10);
  for (int i = 0; i < 3; ++i) pass(rig, 5s);
  CHECK(!rig.drops);
  pass(rig, 5s);
  CHECK(rig.drops);
  CHECK(rig.machine.is_over());
}

TEST_CASE("connection: any traffic keeps it alive", "[amqp]") {
  auto rig = opened(10);
  for (int i = 0; i < 100; ++i) {
    pass(rig, 5s);
    rig.send_bytes("\x08"); // a piece of a heartbeat
    rig.send_bytes("\0\0\0\0\0\0\xce"s);
  }
  CHECK(!rig.drops);
}

TEST_CASE("connection: without a heartbeat there is no timeout", "[amqp]") {
  auto rig = opened(0);
  CHECK(!rig.machine.next_due());
  pass(rig, 24h);
  CHECK(rig.heartbeats == 0);
  CHECK(!rig.drops);
}

TEST_CASE("connection: a blocked client may be silent", "[amqp]") {
  auto rig = opened(10);
  rig.open_channel();
  rig.declare("q");
  rig.publish(1, {.routing_key = "q"}, "x");
  rig.machine.on_blocked("low on disk");
  CHECK(!rig.machine.wants_input());
  for (int i = 0; i < 20; ++i) pass(rig, 5s);
  CHECK(!rig.drops);
  rig.machine.on_unblocked();
  for (int i = 0; i < 3; ++i) pass(rig, 5s);
  CHECK(!rig.drops);
  pass(rig, 5s);
  CHECK(rig.drops);
}

TEST_CASE("connection: heartbeats belong on channel 0", "[amqp]") {
  auto rig = opened(10);
  rig.open_channel();
  rig.send_bytes(raw_frame(8, 1, ""));
  rig.connection_closed(505);
}

// -- blocking

TEST_CASE("connection: blocking is told once an episode", "[amqp]") {
  auto rig = opened(0);
  rig.machine.on_blocked("low on memory");
  rig.machine.on_blocked("low on disk");
  CHECK(rig.next<connection_blocked>(0).reason == "low on memory");
  CHECK(rig.is_silent());
  rig.machine.on_unblocked();
  rig.machine.on_unblocked();
  rig.next<connection_unblocked>(0);
  CHECK(rig.is_silent());
}

TEST_CASE("connection: blocking stops those that publish", "[amqp]") {
  auto rig = opened(0);
  rig.machine.on_blocked("low on disk");
  CHECK(rig.machine.wants_input());
  rig.next<connection_blocked>(0);
  rig.open_channel();
  rig.declare("q");
  rig.publish(1, {.routing_key = "q"}, "x");
  CHECK(!rig.machine.wants_input());
  rig.machine.on_unblocked();
  CHECK(rig.machine.wants_input());
}

TEST_CASE("connection: who opens while blocked is told", "[amqp]") {
  auto rig = connection_rig{};
  rig.machine.on_blocked("low on disk");
  rig.open_connection();
  rig.next<connection_blocked>(0);
}

TEST_CASE("connection: only who can take it is told", "[amqp]") {
  auto rig = connection_rig{};
  rig.open_connection({});
  rig.machine.on_blocked("low on disk");
  rig.machine.on_unblocked();
  CHECK(rig.is_silent());
}

TEST_CASE("connection: unconfirmed bytes stop the reading", "[amqp]") {
  auto options = connection_rig::usual();
  options.publish_window_bytes = 2000;
  auto rig = connection_rig{options};
  rig.open();
  rig.declare("q");
  rig.publish(1, {.routing_key = "q"}, std::string(1000, 'x'));
  CHECK(rig.machine.wants_input());
  rig.publish(1, {.routing_key = "q"}, std::string(1000, 'x'));
  CHECK(!rig.machine.wants_input());
  rig.confirm(rig.take_published().at(0).ticket);
  CHECK(rig.machine.wants_input());
}

// -- secrets

TEST_CASE("connection: a new secret has the rights looked at", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(0, connection_update_secret{"token", "expired"});
  rig.next<connection_update_secret_ok>(0);
}

// -- closing

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
  pass(rig, 29s);
  CHECK(!rig.closes);
  pass(rig, 1s);
  CHECK(rig.closes);
}

TEST_CASE("connection: a vanished client charges what it was at", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.declare("q");
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"a", "b", "c"}, 10);
  rig.send(1, basic_ack{1, false});
  rig.machine.on_peer_closed(rig.now);
  auto gone = rig.take_notices<left>();
  REQUIRE(gone.size() == 1);
  REQUIRE(gone[0].crash);
  CHECK(gone[0].crash->at == 11);
  CHECK(rig.machine.is_over());
}

TEST_CASE("connection: who settles many charges nothing", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.declare("q");
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"a", "b", "c"}, 10);
  rig.send(1, basic_ack{2, true});
  rig.machine.on_peer_closed(rig.now);
  auto gone = rig.take_notices<left>();
  REQUIRE(gone.size() == 1);
  CHECK(!gone[0].crash);
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

// -- frames

TEST_CASE("connection: a damaged frame ends it after a grace", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  auto bytes = raw_frame(1, 1, "\0\x0a\0\x0a");
  bytes.back() = 'x';
  rig.send_bytes(bytes);
  auto m = rig.next<connection_close>(0);
  CHECK(m.reply_code == 501);
  rig.send_bytes(raw_frame(8, 0, ""));
  CHECK(rig.is_silent());
  CHECK(!rig.closes);
  pass(rig, 3s);
  CHECK(rig.closes);
}

TEST_CASE("connection: an oversized frame is refused", "[amqp]") {
  auto rig = connection_rig{};
  rig.open_connection(all_capabilities(), {2047, 4096, 0});
  rig.open_channel();
  rig.send_bytes(raw_frame(3, 1, std::string(4097, 'x')));
  CHECK(rig.next<connection_close>(0).reply_code == 501);
}

TEST_CASE("connection: damaged fields are refused", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send_bytes(raw_frame(1, 1, "\0\x32\0\x0a\0\0\xff"s));
  rig.connection_closed(502);
  CHECK(rig.failed_method == key_of<queue_declare>);
}

TEST_CASE("connection: unknown methods are refused", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send_bytes(raw_frame(1, 1, "\0\x3c\0\xc8"s));
  rig.connection_closed(503);
}

TEST_CASE("connection: methods of servers are refused", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(1, queue_declare_ok{});
  rig.connection_closed(503);
  auto other = connection_rig{};
  other.open();
  other.send(0, connection_open_ok{});
  other.connection_closed(504);
}

TEST_CASE("connection: channel methods on channel 0 close it", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(0, channel_open{});
  rig.connection_closed(504);
}

TEST_CASE("connection: content on channel 0 is unexpected", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send_bytes(raw_frame(3, 0, "x"));
  rig.connection_closed(505);
}

// -- channels

TEST_CASE("connection: channels open and close, and open again", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(1, channel_close{200, "bye", 0, 0});
  rig.next<channel_close_ok>(1);
  rig.open_channel(1);
  rig.open_channel(2047);
  auto open = std::vector<std::uint16_t>{};
  rig.machine.for_each_channel(
    [&](std::uint16_t n, const channel&) { open.push_back(n); });
  CHECK(open == std::vector<std::uint16_t>{1, 2047});
}

TEST_CASE("connection: a channel opens once", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(1, channel_open{});
  CHECK(
    rig.connection_closed(504) == "CHANNEL_ERROR - second 'channel.open' seen");
  CHECK(rig.failed_method == key_of<channel_open>);
}

TEST_CASE("connection: a channel opens before anything else", "[amqp]") {
  auto rig = connection_rig{};
  rig.open_connection();
  rig.send(1, basic_ack{1, false});
  CHECK(
    rig.connection_closed(504) == "CHANNEL_ERROR - expected 'channel.open'");
}

TEST_CASE("connection: numbers above channel_max are refused", "[amqp]") {
  auto rig = connection_rig{};
  rig.open_connection(all_capabilities(), {3, 131072, 0});
  rig.open_channel(3);
  rig.send(4, channel_open{});
  rig.connection_closed(530);
}

TEST_CASE("connection: a closed channel ignores all but closing", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.open_channel(2);
  rig.send(1, basic_ack{9, false});
  CHECK(rig.next<channel_close>(1).reply_code == 406);
  rig.publish(1, {.exchange = "nowhere"}, "body");
  rig.send(1, queue_declare{.queue = "q"});
  CHECK(rig.is_silent());
  rig.send(1, channel_close{200, "", 0, 0});
  rig.next<channel_close_ok>(1);
  rig.send(1, channel_close_ok{});
  rig.open_channel(1);
  // The other one goes on.
  rig.send(2, queue_declare{.queue = "q"});
  rig.next<queue_declare_ok>(2);
}

TEST_CASE("connection: flow may be on, not off", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(1, channel_flow{true});
  CHECK(rig.next<channel_flow_ok>(1).active);
  rig.send(1, channel_flow{false});
  CHECK(rig.connection_closed(540) == "NOT_IMPLEMENTED - active=false");
}

TEST_CASE("connection: a ticket is given and means nothing", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(1, access_request{"/data", false, true, true, true, true});
  CHECK(rig.next<access_request_ok>(1).ticket == 1);
}

TEST_CASE("connection: lists know it", "[amqp]") {
  auto rig = connection_rig{};
  rig.open_connection(
    {{{"connection_name", {std::string{"worker 7"}}},
      {"product", {std::string{"pika"}}}}});
  CHECK(rig.machine.client().connection_name == "worker 7");
  CHECK(rig.machine.client().product == "pika");
  CHECK(rig.machine.vhost() == "/");
  CHECK(rig.machine.who()->name == "guest");
  CHECK(rig.machine.is_running());
}
