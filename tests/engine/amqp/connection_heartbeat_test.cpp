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

} // namespace

TEST_CASE("connection: heartbeats go out at half the timeout", "[amqp]") {
  auto rig = opened(10);
  CHECK(rig.machine.next_due() == rig.now + 5s);
  rig.pass(4999ms);
  CHECK(rig.heartbeats == 0);
  rig.pass(1ms); // open-ok and all went out since
  rig.pass(5s);
  CHECK(rig.heartbeats == 1);
  rig.send_bytes(raw_frame(8, 0, ""));
  rig.open_channel();
  rig.pass(5s);
  CHECK(rig.heartbeats == 1);
  rig.pass(5s);
  CHECK(rig.heartbeats == 2);
}

TEST_CASE("connection: a client that is silent is dropped", "[amqp]") {
  auto rig = opened(10);
  for (int i = 0; i < 3; ++i) rig.pass(5s);
  CHECK(!rig.drops);
  rig.pass(5s);
  CHECK(rig.drops);
  CHECK(rig.machine.is_over());
}

TEST_CASE("connection: any traffic keeps it alive", "[amqp]") {
  auto rig = opened(10);
  for (int i = 0; i < 100; ++i) {
    rig.pass(5s);
    rig.send_bytes("\x08"); // a piece of a heartbeat
    rig.send_bytes("\0\0\0\0\0\0\xce"s);
  }
  CHECK(!rig.drops);
}

TEST_CASE("connection: without a heartbeat there is no timeout", "[amqp]") {
  auto rig = opened(0);
  CHECK(!rig.machine.next_due());
  rig.pass(24h);
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
  for (int i = 0; i < 20; ++i) rig.pass(5s);
  CHECK(!rig.drops);
  rig.machine.on_unblocked();
  for (int i = 0; i < 3; ++i) rig.pass(5s);
  CHECK(!rig.drops);
  rig.pass(5s);
  CHECK(rig.drops);
}

TEST_CASE("connection: heartbeats belong on channel 0", "[amqp]") {
  auto rig = opened(10);
  rig.open_channel();
  rig.send_bytes(raw_frame(8, 1, ""));
  rig.connection_closed(505);
}
