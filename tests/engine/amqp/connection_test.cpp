#include "tests/engine/amqp/connection_rig.hpp"

#include <cstdint>
#include <vector>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

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

// -- the client

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

TEST_CASE("connection: a new secret has the rights looked at", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(0, connection_update_secret{"token", "expired"});
  rig.next<connection_update_secret_ok>(0);
}
