#include "tests/engine/amqp/connection_rig.hpp"

#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

namespace {

connection_rig opened(bool confirms = false) {
  auto rig = connection_rig{};
  rig.open();
  rig.declare("q");
  if (!confirms) return rig;
  rig.send(1, confirm_select{});
  rig.next<confirm_select_ok>(1);
  return rig;
}

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

TEST_CASE("publish: a message comes to its queue as it was", "[amqp]") {
  auto rig = opened();
  auto set = properties{};
  set.content_type = "text/plain";
  set.headers = field_table{{{"n", {std::int16_t{5}}}}};
  rig.publish(1, {.routing_key = "q"}, "body", encode(set));
  auto all = rig.take_published();
  REQUIRE(all.size() == 1);
  CHECK(all[0].queue == "q");
  CHECK(all[0].exchange.empty());
  CHECK(all[0].routing_key == "q");
  CHECK(all[0].properties == encode(set));
  CHECK(all[0].body == "body");
}

TEST_CASE("publish: bodies of all sizes, in all pieces", "[amqp]") {
  for (auto size : {0, 1, 4088, 4089, 20'000}) {
    auto body = std::string(static_cast<std::size_t>(size), 'x');
    for (std::size_t i = 0; i < body.size(); ++i)
      body[i] = static_cast<char>(i % 251);
    auto bytes = connection_rig::published_bytes(1, {.routing_key = "q"}, body);
    for (auto chunk : {std::size_t{1}, std::size_t{7}, std::size_t{5000}}) {
      if (size == 20'000 && chunk == 1) continue;
      auto rig = opened();
      for (std::size_t at = 0; at < bytes.size(); at += chunk)
        rig.machine.on_bytes(
          std::string_view{bytes}.substr(at, chunk), rig.now);
      auto all = rig.take_published();
      REQUIRE(all.size() == 1);
      CHECK(all[0].body == body);
    }
  }
}

TEST_CASE("publish: a round leaves as one batch a queue", "[amqp]") {
  auto rig = opened();
  rig.declare("r");
  auto bytes = std::string{};
  for (int i = 0; i < 100; ++i)
    bytes += connection_rig::published_bytes(
      1, {.routing_key = i % 3 == 0 ? "q" : "r"}, std::to_string(i));
  rig.send_bytes(bytes);
  auto all = rig.take_published();
  REQUIRE(all.size() == 100);
  auto tickets = std::set<std::uint64_t>{};
  auto last = -1;
  for (const auto& x : all) {
    if (tickets.insert(x.ticket).second) last = -1;
    CHECK(std::stoi(x.body) > last); // in order within a queue
    last = std::stoi(x.body);
  }
  CHECK(tickets.size() == 2);
}

TEST_CASE("publish: a batch is cut where it is full", "[amqp]") {
  auto rig = opened();
  auto bytes = std::string{};
  for (int i = 0; i < 600; ++i)
    bytes += connection_rig::published_bytes(1, {.routing_key = "q"}, "x");
  rig.send_bytes(bytes);
  auto tickets = std::set<std::uint64_t>{};
  for (const auto& x : rig.take_published()) tickets.insert(x.ticket);
  CHECK(tickets.size() == 3);
}

TEST_CASE("publish: a changed binding is seen at once", "[amqp]") {
  auto rig = opened();
  auto to = basic_publish{.exchange = "amq.direct", .routing_key = "k"};
  rig.publish(1, to, "1");
  CHECK(rig.take_published().empty());
  rig.send(
    1, queue_bind{.queue = "q", .exchange = "amq.direct", .routing_key = "k"});
  rig.next<queue_bind_ok>(1);
  rig.publish(1, to, "2");
  rig.publish(1, to, "3");
  CHECK(rig.take_published().size() == 2);
  rig.send(
    1,
    queue_unbind{.queue = "q", .exchange = "amq.direct", .routing_key = "k"});
  rig.next<queue_unbind_ok>(1);
  rig.publish(1, to, "4");
  CHECK(rig.take_published().empty());
}

// -- refusals

TEST_CASE("publish: a missing exchange closes the channel", "[amqp]") {
  auto rig = opened();
  for (int i = 0; i < 2; ++i) {
    rig.publish(1, {.exchange = "none", .routing_key = "q"}, "x");
    CHECK(
      rig.channel_closed(404) == "NOT_FOUND - no exchange 'none' in vhost '/'");
    CHECK(rig.failed_method == key_of<basic_publish>);
    rig.open_channel();
  }
}

TEST_CASE("publish: an internal exchange is not for clients", "[amqp]") {
  auto rig = opened();
  rig.send(
    1, exchange_declare{.exchange = "in", .type = "fanout", .internal = true});
  rig.next<exchange_declare_ok>(1);
  rig.publish(1, {.exchange = "in"}, "x");
  CHECK(
    rig.channel_closed(403)
    == "ACCESS_REFUSED - cannot publish to internal exchange 'in' in vhost "
       "'/'");
}

TEST_CASE("publish: immediate is not known", "[amqp]") {
  auto rig = opened();
  rig.publish(1, {.routing_key = "q", .immediate = true}, "x");
  CHECK(rig.connection_closed(540) == "NOT_IMPLEMENTED - immediate=true");
  CHECK(rig.failed_method == key_of<basic_publish>);
}

TEST_CASE("publish: needs the right to write", "[amqp]") {
  auto rig = connection_rig{};
  rig.who = make_user("guest", ".*", "^amq.topic$", ".*");
  rig.open();
  rig.publish(1, {.exchange = "amq.topic"}, "x");
  CHECK(rig.is_silent());
  rig.publish(1, {.routing_key = "q"}, "x");
  CHECK(
    rig.channel_closed(403)
    == "ACCESS_REFUSED - write access to exchange 'amq.default' in vhost '/' "
       "refused for user 'guest'");
}

TEST_CASE("publish: a body over the limit is refused", "[amqp]") {
  auto options = connection_rig::usual();
  options.max_message_bytes = 100;
  auto rig = connection_rig{options};
  rig.open();
  rig.publish(1, {}, std::string(100, 'x'));
  CHECK(rig.is_silent());
  rig.publish(1, {}, std::string(101, 'x'));
  CHECK(
    rig.channel_closed(406)
    == "PRECONDITION_FAILED - message size 101 is larger than max size 100");
}

TEST_CASE("publish: an expiration is a number", "[amqp]") {
  struct example {
    std::string text;
    bool is_fine;
  };
  for (const auto& [text, is_fine] :
       {example{"0", true}, example{"60000", true}, example{"-1", false},
        example{"", false}, example{"soon", false}, example{"1.5", false},
        example{"10s", false}, example{"4294967295", true},
        example{"4294967296", false},
        example{"99999999999999999999999", false}}) {
    auto rig = opened();
    auto set = properties{};
    set.expiration = text;
    rig.publish(1, {.routing_key = "q"}, "x", encode(set));
    if (is_fine)
      CHECK(rig.take_published().size() == 1);
    else
      rig.channel_closed(406);
  }
}

TEST_CASE("publish: expirations are announced to the queue", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.declare("q");
  auto set = properties{};
  set.expiration = "5";
  auto to = basic_publish{.routing_key = "q"};
  rig.machine.on_bytes(connection_rig::published_bytes(1, to, "1"), rig.now);
  auto without = rig.machine.take_actions();
  CHECK(!std::get<publication>(without.notices.at(0)).what.has_expirations);
  rig.machine.on_bytes(
    connection_rig::published_bytes(1, to, "2", encode(set)), rig.now);
  auto with = rig.machine.take_actions();
  CHECK(std::get<publication>(with.notices.at(0)).what.has_expirations);
}

TEST_CASE("publish: a user-id is one's own", "[amqp]") {
  auto rig = opened();
  auto set = properties{};
  set.user_id = "guest";
  rig.publish(1, {.routing_key = "q"}, "x", encode(set));
  CHECK(rig.take_published().size() == 1);
  set.user_id = "root";
  rig.publish(1, {.routing_key = "q"}, "x", encode(set));
  CHECK(
    rig.channel_closed(406)
    == "PRECONDITION_FAILED - user_id property set to 'root' but "
       "authenticated user was 'guest'");
}

TEST_CASE("publish: an impersonator may use any user-id", "[amqp]") {
  auto rig = connection_rig{};
  auto mine = user{*make_user()};
  mine.tags.insert("impersonator");
  rig.who = std::make_shared<const user>(mine);
  rig.open();
  auto set = properties{};
  set.user_id = "root";
  rig.publish(1, {}, "x", encode(set));
  CHECK(rig.is_silent());
}

TEST_CASE("publish: frames have their order", "[amqp]") {
  auto method = std::string{};
  encode(method, 1, basic_publish{.routing_key = "q"});
  auto whole = connection_rig::published_bytes(1, {.routing_key = "q"}, "body");
  auto header = whole.substr(method.size(), 7 + 14 + 1);
  auto body = whole.substr(method.size() + header.size());
  for (const auto& [bytes, code] :
       {std::pair{header, 505}, std::pair{body, 505},
        std::pair{method + method, 505}, std::pair{method + body, 505},
        std::pair{method + header + header, 505},
        std::pair{method + header + method, 505}}) {
    auto rig = opened();
    rig.send_bytes(bytes);
    rig.connection_closed(static_cast<std::uint16_t>(code));
  }
}

TEST_CASE("publish: a body may not be longer than announced", "[amqp]") {
  auto rig = opened();
  auto bytes = connection_rig::published_bytes(1, {.routing_key = "q"}, "body");
  auto method = std::string{};
  encode(method, 1, basic_publish{.routing_key = "q"});
  bytes[method.size() + 7 + 11] = 3; // of 4 bytes
  rig.send_bytes(bytes);
  CHECK(rig.next<connection_close>(0).reply_code == 501);
}

// -- routing

TEST_CASE("publish: what no queue wants is returned or dropped", "[amqp]") {
  auto rig = opened(true);
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
  auto rig = opened();
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
  auto rig = opened();
  rig.publish(
    1, {.routing_key = "q"}, "x",
    with_headers_of({{{"CC", {std::string{"cc"}}}}}));
  rig.channel_closed(406);
}

TEST_CASE("publish: headers exchanges look at each message", "[amqp]") {
  auto rig = opened();
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
  auto rig = opened(true);
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
  auto rig = opened(true);
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

// -- confirms

TEST_CASE("publish: confirms come with their queue's answer", "[amqp]") {
  auto rig = opened(true);
  for (int i = 0; i < 3; ++i)
    rig.machine.on_bytes(
      connection_rig::published_bytes(1, {.routing_key = "q"}, "x"), rig.now);
  auto all = rig.take_published();
  REQUIRE(all.size() == 3);
  CHECK(rig.is_silent());
  rig.confirm(all[0].ticket);
  CHECK(rig.next<basic_ack>(1) == basic_ack{3, true});
}

TEST_CASE("publish: a fanout is confirmed when all have it", "[amqp]") {
  auto rig = opened(true);
  rig.declare("r");
  for (auto queue : {"q", "r"}) {
    rig.send(1, queue_bind{.queue = queue, .exchange = "amq.fanout"});
    rig.next<queue_bind_ok>(1);
  }
  rig.publish(1, {.exchange = "amq.fanout"}, "x");
  auto all = rig.take_published();
  REQUIRE(all.size() == 2);
  rig.confirm(all[0].ticket);
  CHECK(rig.is_silent());
  rig.confirm(all[1].ticket);
  CHECK(rig.next<basic_ack>(1).delivery_tag == 1);
}

TEST_CASE("publish: what a queue refuses is nacked", "[amqp]") {
  auto rig = opened(true);
  auto bytes = std::string{};
  for (int i = 0; i < 5; ++i)
    bytes += connection_rig::published_bytes(1, {.routing_key = "q"}, "x");
  rig.send_bytes(bytes);
  rig.confirm(rig.take_published().at(0).ticket, {3, 1});
  CHECK(rig.next<basic_nack>(1).delivery_tag == 2);
  CHECK(rig.next<basic_nack>(1).delivery_tag == 4);
  CHECK(rig.next<basic_ack>(1) == basic_ack{5, true});
}

TEST_CASE("publish: each channel counts its own confirms", "[amqp]") {
  auto rig = opened(true);
  rig.open_channel(2);
  rig.open_channel(3);
  rig.send(2, confirm_select{.nowait = true});
  auto bytes = std::string{};
  for (auto channel : {1, 1, 2, 3, 1, 2})
    bytes += connection_rig::published_bytes(
      static_cast<std::uint16_t>(channel), {.routing_key = "q"}, "x");
  rig.send_bytes(bytes);
  auto all = rig.take_published();
  rig.confirm(all[0].ticket, {5});
  CHECK(rig.next<basic_ack>(1) == basic_ack{3, true});
  CHECK(rig.next<basic_nack>(2).delivery_tag == 2);
  CHECK(rig.next<basic_ack>(2) == basic_ack{1, false});
  CHECK(rig.is_silent());
}

TEST_CASE("publish: a closed channel's confirms go nowhere", "[amqp]") {
  auto rig = opened(true);
  rig.publish(1, {.routing_key = "q"}, "x");
  auto ticket = rig.take_published().at(0).ticket;
  rig.send(1, channel_close{200, "", 0, 0});
  rig.next<channel_close_ok>(1);
  rig.open_channel();
  rig.send(1, confirm_select{.nowait = true});
  rig.publish(1, {.routing_key = "q"}, "y");
  rig.confirm(ticket);
  CHECK(rig.is_silent());
}

TEST_CASE("publish: without confirms nothing is told", "[amqp]") {
  auto rig = opened();
  rig.publish(1, {.routing_key = "q"}, "x");
  rig.confirm(rig.take_published().at(0).ticket, {0});
  CHECK(rig.is_silent());
}
