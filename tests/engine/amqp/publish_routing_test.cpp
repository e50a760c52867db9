#include "tests/engine/amqp/queue_rig.hpp"

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

namespace {

std::string with_headers_of(const field_table& headers) {
  auto set = properties{};
  set.headers = headers;
  return encode(set);
}

field_value keys(const std::vector<std::string>& all) {
  auto made = field_array{};
  for (const auto& x : all) made.values.push_back({x});
  return {made};
}

} // namespace

TEST_CASE("publish: what no queue wants is returned or dropped", "[amqp]") {
  auto rig = with_confirms();
  rig.publish(1, {.routing_key = "none", .mandatory = true}, "x");
  auto back = rig.next_content<basic_return>(1);
  CHECK(
    std::get<basic_return>(back.what)
    == basic_return{312, "NO_ROUTE", "", "none"});
  CHECK(back.body == "x");
  CHECK(rig.next<basic_ack>(1).delivery_tag == 1); // after the return
  rig.publish(1, {.routing_key = "none"}, "x");
  CHECK(rig.next<basic_ack>(1).delivery_tag == 2);
  CHECK(rig.is_silent());
}

TEST_CASE("publish: CC and BCC name further queues", "[amqp]") {
  auto rig = with_queue();
  rig.declare("cc");
  rig.declare("bcc");
  auto to = basic_publish{.routing_key = "q"};
  rig.publish(1, to, "plain"); // so that a route is known
  CHECK(rig.take_published().size() == 1);
  rig.publish(
    1, to, "x",
    with_headers_of(
      {{{"CC", keys({"cc"})}, {"BCC", keys({"bcc"})}, {"a", {true}}}}));
  auto all = rig.take_published();
  REQUIRE(all.size() == 3);
  for (const auto& x : all) {
    CHECK(find_header(x.properties, "CC"));
    CHECK(find_header(x.properties, "a"));
    CHECK(!find_header(x.properties, "BCC"));
    CHECK(decode_properties(x.properties).has_value());
  }
  rig.publish(1, to, "plain");
  CHECK(rig.take_published().size() == 1);
}

TEST_CASE("publish: CC has to be an array", "[amqp]") {
  auto rig = with_queue();
  rig.publish(
    1, {.routing_key = "q"}, "x",
    with_headers_of({{{"CC", {std::string{"cc"}}}}}));
  rig.channel_closed(406);
}

TEST_CASE("publish: headers exchanges look at each message", "[amqp]") {
  auto rig = with_queue();
  auto arguments = encode(field_table{{{"kind", {std::string{"a"}}}}});
  rig.send(
    1, queue_bind{
         .queue = "q", .exchange = "amq.headers", .arguments = arguments});
  rig.next<queue_bind_ok>(1);
  auto to = basic_publish{.exchange = "amq.headers"};
  auto kind = [](const char* x) {
    return with_headers_of({{{"kind", {std::string{x}}}}});
  };
  rig.publish(1, to, "1", kind("a"));
  rig.publish(1, to, "2", kind("b"));
  rig.publish(1, to, "3", kind("a"));
  rig.publish(1, to, "4");
  CHECK(rig.take_published().size() == 2);
}

TEST_CASE("publish: a delayed exchange has a queue of its own", "[amqp]") {
  auto rig = with_confirms();
  auto arguments =
    encode(field_table{{{"x-delayed-type", {std::string{"direct"}}}}});
  rig.send(
    1, exchange_declare{
         .exchange = "later",
         .type = "x-delayed-message",
         .arguments = arguments});
  rig.next<exchange_declare_ok>(1);
  rig.send(1, queue_bind{.queue = "q", .exchange = "later"});
  rig.next<queue_bind_ok>(1);
  rig.add_queue(delayed_queue_name("later"));
  auto to = basic_publish{.exchange = "later"};
  rig.publish(1, to, "now");
  CHECK(rig.take_published().at(0).queue == "q");
  rig.machine.on_bytes(
    connection_rig::published_bytes(
      1, to, "x", with_headers_of({{{"x-delay", {std::int32_t{5000}}}}})),
    rig.now);
  auto todo = rig.machine.take_actions();
  const auto& out = std::get<publication>(todo.notices.at(0));
  CHECK(out.to->name == delayed_queue_name("later"));
  CHECK(out.what.is_delayed);
  rig.machine.on_confirmed(out.what.ticket, {});
  CHECK(rig.next<basic_ack>(1).delivery_tag == 2);
}

TEST_CASE(
  "publish: what an exchange keeps is confirmed when it is kept", "[amqp]") {
  auto rig = with_confirms();
  rig.send(
    1, exchange_declare{.exchange = "recent", .type = "x-recent-history"});
  rig.next<exchange_declare_ok>(1);
  auto to = basic_publish{.exchange = "recent", .mandatory = true};
  rig.publish(1, to, "before its queue is there");
  CHECK(rig.next<basic_return>(1).reply_code == 312);
  CHECK(rig.next<basic_ack>(1).delivery_tag == 1);
  rig.add_queue(history_queue_name("recent"));
  auto expiring = properties{};
  expiring.expiration = "5";
  rig.machine.on_bytes(
    connection_rig::published_bytes(1, to, "x", encode(expiring)), rig.now);
  auto todo = rig.machine.take_actions();
  REQUIRE(todo.notices.size() == 1);
  const auto& out = std::get<publication>(todo.notices[0]);
  CHECK(out.to->name == history_queue_name("recent"));
  CHECK_FALSE(out.what.has_expirations); // it stays while it is recent
  CHECK(todo.output.find("NO_ROUTE") != todo.output.npos);
  rig.machine.on_confirmed(out.what.ticket, {});
  CHECK(rig.next<basic_ack>(1).delivery_tag == 2);
}

TEST_CASE("publish: priorities have partitions", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  auto what = queue_declaration{};
  what.name = "p";
  auto made = new_queue{};
  made.id = queue_id{9};
  made.partitions = 6;
  made.by_priority = true;
  rig.places.declare_queue("/", what, made, 0).value();
  rig.machine.set_routes(rig.places.snapshot());
  auto bytes = std::string{};
  for (auto priority : {std::uint8_t{0}, std::uint8_t{3}, std::uint8_t{200}}) {
    auto set = properties{};
    set.priority = priority;
    bytes += connection_rig::published_bytes(
      1, {.routing_key = "p"}, "x", encode(set));
  }
  bytes += connection_rig::published_bytes(1, {.routing_key = "p"}, "x");
  rig.send_bytes(bytes);
  auto partitions = std::vector<std::uint16_t>{};
  for (const auto& x : rig.take_published()) partitions.push_back(x.partition);
  CHECK(partitions == std::vector<std::uint16_t>{0, 0, 3, 5});
}
