#include "tests/engine/amqp/queue_rig.hpp"

#include <set>
#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

TEST_CASE("publish: a message comes to its queue as it was", "[amqp]") {
  auto rig = with_queue();
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
      auto rig = with_queue();
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
  auto rig = with_queue();
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
  auto rig = with_queue();
  auto bytes = std::string{};
  for (int i = 0; i < 600; ++i)
    bytes += connection_rig::published_bytes(1, {.routing_key = "q"}, "x");
  rig.send_bytes(bytes);
  auto tickets = std::set<std::uint64_t>{};
  for (const auto& x : rig.take_published()) tickets.insert(x.ticket);
  CHECK(tickets.size() == 3);
}

TEST_CASE("publish: a changed binding is seen at once", "[amqp]") {
  auto rig = with_queue();
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
