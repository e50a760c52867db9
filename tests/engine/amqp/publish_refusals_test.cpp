#include "tests/engine/amqp/queue_rig.hpp"

#include <memory>
#include <string>
#include <utility>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

TEST_CASE("publish: a missing exchange closes the channel", "[amqp]") {
  auto rig = with_queue();
  for (int i = 0; i < 2; ++i) {
    rig.publish(1, {.exchange = "none", .routing_key = "q"}, "x");
    CHECK(
      rig.channel_closed(404) == "NOT_FOUND - no exchange 'none' in vhost '/'");
    CHECK(rig.failed_method == key_of<basic_publish>);
    rig.open_channel();
  }
}

TEST_CASE("publish: an internal exchange is not for clients", "[amqp]") {
  auto rig = with_queue();
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
  auto rig = with_queue();
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
    auto rig = with_queue();
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
  auto rig = with_queue();
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
  auto rig = with_queue();
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
    auto rig = with_queue();
    rig.send_bytes(bytes);
    rig.connection_closed(static_cast<std::uint16_t>(code));
  }
}

TEST_CASE("publish: a body may not be longer than announced", "[amqp]") {
  auto rig = with_queue();
  auto bytes = connection_rig::published_bytes(1, {.routing_key = "q"}, "body");
  auto method = std::string{};
  encode(method, 1, basic_publish{.routing_key = "q"});
  bytes[method.size() + 7 + 11] = 3; // of 4 bytes
  rig.send_bytes(bytes);
  CHECK(rig.next<connection_close>(0).reply_code == 501);
}
