#include "tests/engine/amqp/connection_rig.hpp"
#include "tests/engine/amqp/raw_frame.hpp"

#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;
using troupe::test::raw_frame;
using namespace std::string_literals;

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
  rig.pass(3s);
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
