#include "tests/engine/amqp/connection_rig.hpp"

#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

TEST_CASE("connection: blocking is told once an episode", "[amqp]") {
  auto rig = connection_rig{};
  rig.open_connection();
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
  auto rig = connection_rig{};
  rig.open_connection();
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
