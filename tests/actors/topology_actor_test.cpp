#include "engine/message/properties.hpp"
#include "tests/actors/topology_stage.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

/// Returns the queues that a message to an exchange comes to.
std::vector<std::string> reached(
  const topology_stage& set,
  const std::string& exchange,
  const std::string& routing_key) {
  auto routes = set.routes->look();
  auto builder = batch_builder{};
  builder.add(message{exchange, routing_key, "", "x"});
  auto what = builder.take();
  auto found = route_result{};
  auto names = std::vector<std::string>{};
  const auto* by = routes->find_exchange("/", exchange);
  if (!by) return names;
  by->route(*routes, (*what)[0], found);
  for (const auto* x : found.queues) names.push_back(x->name);
  return names;
}

using strings = std::vector<std::string>;

} // namespace

// -- answers and the store

TEST_CASE("topology_actor: a client hears once its durable queue is stored") {
  auto set = topology_stage{};
  set.store->is_slow = true;
  CHECK_FALSE(set.ask(durable_queue("q")));
  REQUIRE(set.store->seen.size() == 1);
  CHECK(set.store->seen[0].changes.size() == 1);
  CHECK(set.store->seen[0].sync);
  CHECK(set.find("q")); // whoever looks after the answer finds it
  set.answer_store();
  auto answer = set.answer();
  REQUIRE(answer);
  CHECK(std::get<amqp::done>(*answer).queue == "q");
}

TEST_CASE("topology_actor: what is not durable is answered without the store") {
  auto set = topology_stage{};
  set.store->is_slow = true;
  CHECK(set.get_done(a_queue("q")).queue == "q");
  set.get_done(an_exchange("x", "direct"));
  set.get_done(bound("x", "q", "k"));
  set.get_done(without("q"));
  CHECK(set.store->seen.empty());
}

TEST_CASE("topology_actor: a binding of durable ends is stored and removed") {
  auto set = topology_stage{};
  set.get_done(durable_queue("q"));
  set.store->is_slow = true;
  auto asked = bound("amq.direct", "q", "k");
  CHECK_FALSE(set.ask(asked));
  CHECK(reached(set, "amq.direct", "k") == strings{"q"});
  set.answer_store();
  CHECK(set.answer());
  asked.adds = false;
  CHECK_FALSE(set.ask(asked));
  CHECK(reached(set, "amq.direct", "k").empty());
  set.answer_store();
  CHECK(set.answer());
}

TEST_CASE("topology_actor: a client hears once its queue is gone for good") {
  auto set = topology_stage{};
  set.get_done(durable_queue("q"));
  set.publish("q", {"a", "b"});
  set.store->is_slow = true;
  CHECK_FALSE(set.ask(without("q")));
  CHECK_FALSE(set.find("q"));
  set.answer_store();
  auto answer = set.answer();
  REQUIRE(answer);
  CHECK(std::get<amqp::done>(*answer).messages == 2);
  CHECK(set.store->drops == strings{"q"});
}

TEST_CASE("topology_actor: answers of the store go to those who asked, in "
          "turn") {
  auto set = topology_stage{};
  set.store->is_slow = true;
  for (const auto* name : {"a", "b", "c"}) set.ask(durable_queue(name));
  set.answer_store();
  for (const auto* name : {"a", "b", "c"})
    CHECK(std::get<amqp::done>(set.answer().value()).queue == name);
}

TEST_CASE("topology_actor: two clients that declare one queue share it") {
  auto set = topology_stage{};
  for (std::uint64_t by : {1, 2})
    set.box.self->send(
      set.topology, broker::ask{by, amqp::request{durable_queue("q")}});
  set.box.play();
  for (auto i = 0; i < 2; ++i)
    CHECK(std::get<amqp::done>(set.answer().value()).queue == "q");
  set.publish("q", {"a"});
  CHECK(set.get_done(durable_queue("q")).messages == 1);
}

// -- finding

TEST_CASE("topology_actor: a queue that is there is answered with counts") {
  auto set = topology_stage{};
  set.get_done(a_queue("q"));
  set.publish("q", {"a", "b", "c"});
  auto told = set.get_done(passive("q"));
  CHECK(told.messages == 3);
  CHECK(told.consumers == 0);
  set.consume("q", 1);
  set.consume("q", 2);
  told = set.get_done(a_queue("q"));
  CHECK(told.messages == 0); // all on loan
  CHECK(told.consumers == 2);
}

TEST_CASE("topology_actor: a queue that is not there is not found") {
  auto set = topology_stage{};
  CHECK(set.get_refused(passive("q")).code == amqp::reply_code::not_found);
  CHECK(
    set.get_refused(bound("amq.direct", "q", "k")).code
    == amqp::reply_code::not_found);
  CHECK(set.get_done(without("q")).messages == 0); // as good as deleted
}

TEST_CASE("topology_actor: a queue that is otherwise is refused") {
  auto set = topology_stage{};
  set.get_done(durable_queue("q"));
  auto why = set.get_refused(a_queue("q"));
  CHECK(why.code == amqp::reply_code::precondition_failed);
  CHECK(why.text.find("durable") != why.text.npos);
}

TEST_CASE("topology_actor: arguments that make no sense are refused and leave "
          "nothing") {
  auto set = topology_stage{};
  auto why =
    set.get_refused(queue_with("q", {"x-message-ttl", {std::string{"soon"}}}));
  CHECK(why.code == amqp::reply_code::precondition_failed);
  CHECK_FALSE(set.find("q"));
}

TEST_CASE("topology_actor: the server's names begin as they are asked to") {
  auto set = topology_stage{};
  auto usual = set.get_done(a_queue("")).queue;
  CHECK(usual.starts_with("amq.gen-"));
  auto asked = queue_with("", {"x-name-prefix", {std::string{"shop"}}});
  auto first = set.get_done(asked).queue;
  auto second = set.get_done(asked).queue;
  CHECK(first.starts_with("shop-"));
  CHECK(first.size() == usual.size() - 3);
  CHECK(first != second);
  asked = queue_with("", {"x-name-prefix", {std::string{"amq.troupe."}}});
  CHECK(set.get_refused(asked).code == amqp::reply_code::access_refused);
}

TEST_CASE("topology_actor: vhosts that are not there are refused") {
  auto set = topology_stage{};
  set.get_done(amqp::open_vhost{"/"});
  CHECK(
    set.get_refused(amqp::open_vhost{"shop"}).code
    == amqp::reply_code::not_allowed);
}

TEST_CASE("topology_actor: purges count what was ready") {
  auto set = topology_stage{};
  set.get_done(a_queue("q"));
  set.publish("q", {"a", "b"});
  auto asked = amqp::purge_queue{"/", "q"};
  CHECK(set.get_done(asked).messages == 2);
  CHECK(set.get_done(asked).messages == 0);
  CHECK(
    set.get_refused(amqp::purge_queue{"/", "other"}).code
    == amqp::reply_code::not_found);
}

// -- deleting on conditions

TEST_CASE("topology_actor: if_unused keeps a queue that has consumers") {
  auto set = topology_stage{};
  set.get_done(a_queue("q"));
  set.consume("q", 1);
  auto asked = without("q");
  asked.if_unused = true;
  CHECK(set.get_refused(asked).code == amqp::reply_code::precondition_failed);
  CHECK(set.where("q"));
  set.cancel("q", 1);
  set.get_done(asked);
  CHECK_FALSE(set.find("q"));
}

TEST_CASE("topology_actor: if_empty keeps a queue that has messages") {
  auto set = topology_stage{};
  set.get_done(a_queue("q"));
  set.publish("q", {"a"});
  auto asked = without("q");
  asked.if_empty = true;
  CHECK(set.get_refused(asked).code == amqp::reply_code::precondition_failed);
  set.get_done(amqp::purge_queue{"/", "q"});
  set.get_done(asked);
  CHECK_FALSE(set.find("q"));
}

TEST_CASE("topology_actor: if_unused keeps an exchange that has bindings") {
  auto set = topology_stage{};
  set.get_done(a_queue("q"));
  set.get_done(an_exchange("x", "fanout"));
  set.get_done(bound("x", "q", ""));
  auto asked = amqp::delete_exchange{"/", "x", true};
  CHECK(set.get_refused(asked).code == amqp::reply_code::precondition_failed);
  set.get_done(without("q"));
  set.get_done(asked);
  auto passive = an_exchange("x", "fanout");
  passive.passive = true;
  CHECK(set.get_refused(passive).code == amqp::reply_code::not_found);
}

// -- delayed exchanges

TEST_CASE("topology_actor: a delayed exchange gets its waiting queue and loses "
          "it") {
  auto set = topology_stage{};
  auto asked = an_exchange("later", "x-delayed-message");
  asked.arguments.fields.push_back({"x-delayed-type", {std::string{"direct"}}});
  set.get_done(asked);
  auto waiting = amqp::delayed_queue_name("later");
  CHECK(set.where(waiting));
  set.get_done(asked); // again
  CHECK(set.where(waiting));
  set.get_done(amqp::delete_exchange{"/", "later"});
  CHECK_FALSE(set.find(waiting));
}

TEST_CASE("topology_actor: what a delayed exchange held back goes out in "
          "time") {
  auto set = topology_stage{};
  auto asked = an_exchange("later", "x-delayed-message");
  asked.arguments.fields.push_back({"x-delayed-type", {std::string{"direct"}}});
  set.get_done(asked);
  set.get_done(a_queue("q"));
  set.get_done(bound("later", "q", "k"));
  auto properties = troupe::properties{};
  properties.headers = field_table{{{"x-delay", {std::int32_t{5000}}}}};
  auto encoded = encode(properties);
  auto builder = batch_builder{};
  builder.add(message{"later", "k", encoded, "x"});
  auto what = troupe::publish{};
  what.messages = builder.take();
  what.is_delayed = true;
  set.box.tell(
    set.where(amqp::delayed_queue_name("later")), queue::enqueue{{what}});
  set.box.wait(4900ms);
  CHECK(set.get_done(a_queue("q")).messages == 0);
  set.box.wait(200ms);
  CHECK(set.get_done(a_queue("q")).messages == 1);
}
