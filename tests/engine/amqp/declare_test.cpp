#include "tests/engine/amqp/connection_rig.hpp"

#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

TEST_CASE("declare: exchanges come and go", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(1, exchange_declare{.exchange = "x", .type = "topic"});
  rig.next<exchange_declare_ok>(1);
  rig.send(1, exchange_declare{.exchange = "x", .passive = true});
  rig.next<exchange_declare_ok>(1);
  rig.send(1, exchange_delete{.exchange = "x"});
  rig.next<exchange_delete_ok>(1);
  rig.send(1, exchange_declare{.exchange = "x", .passive = true});
  CHECK(rig.channel_closed(404) == "NOT_FOUND - no exchange 'x' in vhost '/'");
  CHECK(rig.failed_method == key_of<exchange_declare>);
}

TEST_CASE("declare: nowait is not answered", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(
    1, exchange_declare{.exchange = "x", .type = "direct", .nowait = true});
  rig.send(1, queue_declare{.queue = "q", .nowait = true});
  rig.send(1, queue_bind{.queue = "q", .exchange = "x", .nowait = true});
  rig.send(1, queue_purge{.queue = "q", .nowait = true});
  rig.send(1, queue_delete{.queue = "q", .nowait = true});
  rig.send(1, exchange_delete{.exchange = "x", .nowait = true});
  CHECK(rig.is_silent());
  CHECK(rig.asked.size() == 8); // with login and vhost
}

TEST_CASE("declare: the default exchange is not to be touched", "[amqp]") {
  auto text = std::string{
    "ACCESS_REFUSED - operation not permitted on the default exchange"};
  auto rig = connection_rig{};
  rig.open();
  rig.declare("q");
  rig.send(1, exchange_declare{.exchange = "", .type = "direct"});
  CHECK(rig.channel_closed(403) == text);
  rig.open_channel();
  rig.send(1, exchange_delete{.exchange = ""});
  CHECK(rig.channel_closed(403) == text);
  rig.open_channel();
  rig.send(1, queue_bind{.queue = "q", .exchange = "", .routing_key = "k"});
  CHECK(rig.channel_closed(403) == text);
  rig.open_channel();
  rig.send(1, exchange_bind{.destination = "", .source = "amq.topic"});
  CHECK(rig.channel_closed(403) == text);
}

TEST_CASE("declare: names lose their line ends", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(1, queue_declare{.queue = "a\r\nb\n"});
  CHECK(rig.next<queue_declare_ok>(1).queue == "ab");
  rig.send(1, exchange_declare{.exchange = "x\n", .type = "fanout"});
  rig.next<exchange_declare_ok>(1);
  CHECK(rig.places.snapshot()->find_exchange("/", "x"));
}

TEST_CASE("declare: a queue's answer has its counts", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.message_count = 5;
  rig.send(1, queue_declare{.queue = "q"});
  CHECK(rig.next<queue_declare_ok>(1) == queue_declare_ok{"q", 5, 0});
  rig.send(1, queue_purge{.queue = "q"});
  CHECK(rig.next<queue_purge_ok>(1).message_count == 5);
  rig.send(1, queue_delete{.queue = "q"});
  CHECK(rig.next<queue_delete_ok>(1).message_count == 5);
  rig.message_count = 0;
  rig.send(1, queue_delete{.queue = "q"});
  CHECK(rig.next<queue_delete_ok>(1).message_count == 0);
}

TEST_CASE("declare: a queue may be named by the server", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(1, queue_declare{});
  auto name = std::string{rig.next<queue_declare_ok>(1).queue};
  CHECK(name.starts_with("amq.gen-"));
  // And it is the one that an empty name means.
  rig.send(1, queue_bind{.exchange = "amq.direct"});
  rig.next<queue_bind_ok>(1);
  auto bound = std::get<change_binding>(rig.asked.back());
  CHECK(bound.destination == name);
  CHECK(bound.routing_key == name);
  rig.send(1, queue_unbind{.exchange = "amq.direct", .routing_key = "k"});
  rig.next<queue_unbind_ok>(1);
  CHECK(std::get<change_binding>(rig.asked.back()).routing_key == "k");
  rig.send(1, queue_purge{});
  rig.next<queue_purge_ok>(1);
  rig.send(1, basic_get{});
  rig.next<basic_get_empty>(1);
  rig.send(1, basic_consume{});
  rig.next<basic_consume_ok>(1);
  rig.send(1, queue_delete{});
  rig.next<queue_delete_ok>(1);
}

TEST_CASE("declare: an empty name needs a queue before it", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(1, queue_bind{.exchange = "amq.direct"});
  CHECK(rig.channel_closed(404) == "NOT_FOUND - no previously declared queue");
}

TEST_CASE("declare: refusals name the method that failed", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(1, queue_bind{.queue = "none", .exchange = "amq.direct"});
  rig.channel_closed(404);
  CHECK(rig.failed_method == key_of<queue_bind>);
  rig.open_channel();
  rig.send(1, exchange_bind{.destination = "none", .source = "amq.topic"});
  rig.channel_closed(404);
  CHECK(rig.failed_method == key_of<exchange_bind>);
  rig.open_channel();
  rig.send(1, queue_declare{.queue = "amq.mine"});
  rig.channel_closed(403);
  rig.open_channel();
  rig.declare("q");
  rig.send(1, queue_declare{.queue = "q", .durable = true});
  rig.channel_closed(406);
}

TEST_CASE("declare: a refusal may close the connection", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.next_refusal = refused{reply_code::not_implemented, "no streams here"};
  rig.send(1, queue_declare{.queue = "s"});
  CHECK(rig.connection_closed(540) == "NOT_IMPLEMENTED - no streams here");
  CHECK(rig.failed_method == key_of<queue_declare>);
}

TEST_CASE("declare: damaged arguments are refused", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(
    1, queue_declare{
         .queue = "q", .arguments = std::string_view{"\0\0\0\2\1a", 6}});
  rig.connection_closed(502);
}

TEST_CASE("declare: exchanges are bound to each other", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.send(
    1, exchange_bind{
         .destination = "amq.fanout",
         .source = "amq.topic",
         .routing_key = "a.#"});
  rig.next<exchange_bind_ok>(1);
  auto bound = std::get<change_binding>(rig.asked.back());
  CHECK(bound.source == "amq.topic");
  CHECK(bound.destination == "amq.fanout");
  CHECK(!bound.to_queue);
  rig.send(
    1, exchange_unbind{
         .destination = "amq.fanout",
         .source = "amq.topic",
         .routing_key = "a.#"});
  rig.next<exchange_unbind_ok>(1);
  CHECK(!std::get<change_binding>(rig.asked.back()).adds);
}

// -- rights

TEST_CASE("declare: rights are asked for as in RabbitMQ", "[amqp]") {
  auto rig = connection_rig{};
  rig.who = make_user("guest", "^c", "^w", "^r");
  rig.add_queue("wq");
  rig.add_exchange("rx", "fanout");
  rig.open();
  auto allowed = [&](const auto& m) {
    rig.send(1, m);
    rig.pump();
    auto is = !std::holds_alternative<channel_close>(rig.inbox.front().what);
    if (!is) {
      rig.channel_closed(403);
      rig.open_channel();
    } else {
      rig.inbox.clear();
    }
    return is;
  };
  CHECK(allowed(queue_declare{.queue = "cq"}));
  CHECK(!allowed(queue_declare{.queue = "wq2"}));
  CHECK(allowed(queue_declare{.queue = "wq", .passive = true}));
  CHECK(allowed(exchange_declare{.exchange = "cx", .type = "fanout"}));
  CHECK(!allowed(exchange_declare{.exchange = "wx", .type = "fanout"}));
  CHECK(allowed(queue_bind{.queue = "wq", .exchange = "rx"}));
  CHECK(!allowed(queue_bind{.queue = "cq", .exchange = "rx"}));
  CHECK(!allowed(queue_bind{.queue = "wq", .exchange = "cx"}));
  CHECK(!allowed(queue_purge{.queue = "wq"}));
  CHECK(!allowed(queue_delete{.queue = "wq"}));
  CHECK(allowed(queue_delete{.queue = "cq"}));
  CHECK(!allowed(exchange_delete{.exchange = "rx"}));
  CHECK(!allowed(basic_consume{.queue = "wq"}));
  CHECK(!allowed(basic_get{.queue = "wq"}));
}

TEST_CASE("declare: a prefix of a name is what the right is for", "[amqp]") {
  auto declare = [](const field_value& prefix) {
    auto rig = connection_rig{};
    rig.who = make_user("guest", "^shop-", ".*", ".*");
    rig.open();
    auto encoded = encode(field_table{{{"x-name-prefix", prefix}}});
    rig.send(1, queue_declare{.arguments = encoded});
    auto refusal = std::get_if<channel_close>(&rig.inbox.front().what);
    return refusal ? std::string{refusal->reply_text} : "";
  };
  CHECK(declare({std::string{"shop"}}).empty());
  CHECK(declare({std::string{"sh\rop\n"}}).empty());
  CHECK(
    declare({std::string{"other"}})
    == "ACCESS_REFUSED - configure access to queue 'other-' in vhost '/' "
       "refused for user 'guest'");
  CHECK(
    declare({std::string{"amq.rabbitmq.reply-to."}})
    == "ACCESS_REFUSED - queue name 'amq.rabbitmq.reply-to.' contains reserved "
       "prefix 'amq.*'");
  CHECK(declare({std::string{"shop-"} + std::string(59, 'x')}).empty());
  CHECK(
    declare({std::string{"shop-"} + std::string(60, 'x')})
    == "PRECONDITION_FAILED - invalid arg 'x-name-prefix' for queue '' in "
       "vhost "
       "'/': {value_too_long,65}");
  CHECK(
    declare({std::int32_t{7}})
    == "PRECONDITION_FAILED - invalid arg 'x-name-prefix' for queue '' in "
       "vhost "
       "'/': {unacceptable_type,signedint}");
}

TEST_CASE("declare: refused rights are told as RabbitMQ does", "[amqp]") {
  auto rig = connection_rig{};
  rig.who = make_user("guest", "", ".*", ".*");
  rig.open();
  rig.send(1, queue_declare{.queue = "q"});
  CHECK(
    rig.channel_closed(403)
    == "ACCESS_REFUSED - configure access to queue 'q' in vhost '/' refused "
       "for user 'guest'");
}

TEST_CASE("declare: a dead letter exchange needs rights", "[amqp]") {
  auto rig = connection_rig{};
  rig.who = make_user("guest", ".*", "^open$", ".*");
  rig.open();
  auto to = [](const char* exchange) {
    return encode(
      field_table{{{"x-dead-letter-exchange", {std::string{exchange}}}}});
  };
  auto good = to("open");
  rig.send(1, queue_declare{.queue = "a", .arguments = good});
  rig.next<queue_declare_ok>(1);
  auto bad = to("closed");
  rig.send(1, queue_declare{.queue = "b", .arguments = bad});
  rig.channel_closed(403);
}

TEST_CASE("declare: an alternate exchange needs rights", "[amqp]") {
  auto rig = connection_rig{};
  rig.who = make_user("guest", ".*", "^open$", ".*");
  rig.open();
  auto to = [](const char* exchange) {
    return encode(
      field_table{{{"alternate-exchange", {std::string{exchange}}}}});
  };
  auto good = to("open");
  rig.send(
    1, exchange_declare{.exchange = "a", .type = "fanout", .arguments = good});
  rig.next<exchange_declare_ok>(1);
  auto bad = to("closed");
  rig.send(
    1, exchange_declare{.exchange = "b", .type = "fanout", .arguments = bad});
  rig.channel_closed(403);
}
