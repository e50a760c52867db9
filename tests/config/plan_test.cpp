#include "config/plan.hpp"
#include "tests/config/reading.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

plan plan_of(const std::string& text) {
  auto read = read_one(text);
  CHECK(summary(read.faults) == "");
  return make_plan(read.config);
}

// "queue a, router b"
std::string targets(const plan& plan, const std::string& output) {
  auto out = std::string{};
  for (const auto& [what, name] : plan.targets(output)) {
    out += out.empty() ? "" : ", ";
    out += (what == target::kind::queue ? "queue " : "router ") + name;
  }
  return out;
}

std::string queue_names(const plan& plan) {
  auto out = std::string{};
  for (const auto& [name, queue] : plan.queues)
    out += (out.empty() ? "" : " ") + name;
  return out;
}

const auto source = std::string{"[sources.s]\ntype = 'stdin'\n"};

} // namespace

TEST_CASE("plan: every output leads where the inputs say") {
  auto plan = plan_of(orders);
  CHECK(targets(plan, "lines") == "router by_kind");
  CHECK(targets(plan, "by_kind.orders") == "router shard");
  CHECK(targets(plan, "by_kind.refunds") == "queue orders.dead");
  CHECK(targets(plan, "by_kind.dead") == "queue by_kind.dead");
  CHECK(targets(plan, "shard") == "queue orders");
  CHECK(targets(plan, "charge") == "queue paid.in");
  CHECK(targets(plan, "charge.dead") == "queue orders.dead");
  CHECK(plan.outputs.size() == 7);
}

TEST_CASE("plan: consumers read queues, sinks of type queue read none") {
  CHECK(
    plan_of(orders).consumers
    == std::vector<consumer_plan>{
      {"charge", false, {"orders"}}, {"paid", true, {"paid.in"}}});
}

TEST_CASE("plan: queues are those declared and those needed") {
  auto plan = plan_of(orders);
  CHECK(queue_names(plan) == "by_kind.dead orders orders.dead paid.in");
  CHECK(plan.queues.at("paid.in").max_length == 10'000);
  CHECK(plan.queues.at("paid.in").type == queue_type::durable);
  CHECK(plan.queues.at("paid.in").name == "paid.in");
  CHECK(plan.queues.at("by_kind.dead").max_length == 0);
}

TEST_CASE("plan: queues that dead letters end in are marked") {
  auto plan = plan_of(orders);
  CHECK(plan.queues.at("orders.dead").is_dead_letters);
  CHECK(plan.queues.at("by_kind.dead").is_dead_letters);
  CHECK_FALSE(plan.queues.at("orders").is_dead_letters);
  CHECK_FALSE(plan.queues.at("paid.in").is_dead_letters);
}

TEST_CASE("plan: a hash router gives its queue the order it lacks") {
  auto plan = plan_of(orders);
  CHECK(
    plan.queues.at("orders").order == order_config{"header:customer_id", 16});
  CHECK_FALSE(plan.queues.at("paid.in").order);
}

TEST_CASE("plan: a queue's own order stays") {
  auto plan = plan_of(
    source
    + "[routers.r]\ninputs=['s']\ntype='consistent_hash'\nkey='k'\n"
      "queue='q'\n[queues.q]\norder={key='k',partitions=3}\n");
  CHECK(plan.queues.at("q").order == order_config{"k", 3});
}

TEST_CASE("plan: two readers of an output both get it") {
  auto plan = plan_of(
    source
    + "[handlers.a]\ninputs=['s']\n"
      "[handlers.b]\ninputs=['s']\n");
  CHECK(targets(plan, "s") == "queue a.in, queue b.in");
}

TEST_CASE("plan: all that is no queue comes through one queue") {
  auto plan = plan_of(
    source
    + "[queues.q]\n[handlers.a]\n"
      "inputs=['q','s','b','b.alerts']\n"
      "[handlers.b]\ninputs=['s']\n");
  CHECK(plan.consumers.at(0) == consumer_plan{"a", false, {"q", "a.in"}});
  CHECK(targets(plan, "b.alerts") == "queue a.in");
  CHECK(targets(plan, "b") == "queue a.in");
}

TEST_CASE("plan: dead letters somebody reads get no queue of their own") {
  auto plan = plan_of(
    source
    + "[handlers.a]\ninputs=['s']\n"
      "[handlers.b]\ninputs=['a.dead']\n");
  CHECK(targets(plan, "a.dead") == "queue b.in");
  CHECK(queue_names(plan) == "a.in b.dead b.in");
  CHECK_FALSE(plan.queues.at("b.in").is_dead_letters);
}

TEST_CASE("plan: a declared queue takes the output of its name") {
  auto plan = plan_of(
    source
    + "[queues.'a.dead']\nmax_length=5\n"
      "[queues.'a.in']\nmax_length=6\n"
      "[handlers.a]\ninputs=['s']\n"
      "[handlers.b]\ninputs=['a.dead']\n");
  CHECK(targets(plan, "a.dead") == "queue a.dead");
  CHECK(plan.queues.at("a.dead").max_length == 5);
  CHECK(plan.queues.at("a.dead").is_dead_letters);
  CHECK(plan.queues.at("a.in").max_length == 6);
  CHECK(plan.consumers.at(1) == consumer_plan{"b", false, {"a.dead"}});
}

TEST_CASE("plan: unmatched messages are rejected, dropped or an output") {
  auto router = [](const std::string& unmatched) {
    return plan_of(
      source
      + "[routers.r]\ninputs=['s']\ntype='match'\n"
        "route.a='x'\n"
      + unmatched);
  };
  CHECK(router("").outputs.contains("r.dead"));
  CHECK(router("unmatched='reject'").outputs.contains("r.dead"));
  CHECK_FALSE(router("unmatched='drop'").outputs.contains("r.dead"));
  auto rest = router("unmatched='rest'");
  CHECK_FALSE(rest.outputs.contains("r.dead"));
  CHECK(rest.outputs.contains("r.rest"));
}

TEST_CASE("plan: outputs nobody reads are there without targets") {
  auto plan = plan_of(
    source
    + "[routers.r]\ninputs=['s']\ntype='match'\n"
      "route.a='x'\n[handlers.a]\ninputs=['s']\n");
  CHECK(plan.outputs.contains("r.a"));
  CHECK(targets(plan, "r.a") == "");
  CHECK_FALSE(plan.outputs.contains("a"));
  CHECK(targets(plan, "no such") == "");
}

TEST_CASE("plan: what has no meaning is left out") {
  auto read = read_one("[routers.r]\ninputs=['x']\ntype='consistent_hash'\n"
                       "key='k'\nqueue='none'\n[handlers.a]\n"
                       "inputs=['r','a.in','t']\n[sinks.t]\ninputs=['r']\n"
                       "type='queue'\nqueue='none'\n");
  auto plan = make_plan(read.config);
  CHECK(queue_names(plan) == "a.dead");
  CHECK(plan.consumers.at(0).queues.empty());
}

TEST_CASE("plan: servers are those of type amqp_server, with their vhosts") {
  auto plan = plan_of(
    source
    + "[sources.a]\ntype = 'amqp_server'\nexchange = 'x'\n[sources.b]\n"
      "type = 'amqp_server'\n[vhosts.eu]\n[handlers.h]\n"
      "inputs = ['s', 'a']\n");
  CHECK(plan.amqp_servers.size() == 2);
  CHECK(plan.amqp_servers.at("a").exchange == "x");
  CHECK(plan.vhosts == std::set<std::string>{"/", "eu"});
  CHECK(targets(plan, "a") == "queue h.in");
  CHECK(!plan.outputs.contains("b"));
}
