#include "tests/engine/routing/topology_asking.hpp"

using namespace troupe;
using namespace troupe::test;

using reason = refusal::reason;

// -- vhosts

TEST_CASE("topology: a vhost begins with AMQP's own exchanges", "[routing]") {
  auto all = topology{};
  CHECK(all.add_vhost("v").is_new);
  CHECK_FALSE(all.add_vhost("v").is_new);
  auto now = all.snapshot();
  auto count = 0;
  now->for_each_exchange("v", [&](const exchange&) { ++count; });
  CHECK(count == 7);
  auto type = [&](const char* name) {
    auto* found = now->find_exchange("v", name);
    REQUIRE(found);
    return found->type();
  };
  CHECK(type("") == exchange_type::direct);
  CHECK(type("amq.direct") == exchange_type::direct);
  CHECK(type("amq.fanout") == exchange_type::fanout);
  CHECK(type("amq.topic") == exchange_type::topic);
  CHECK(type("amq.headers") == exchange_type::headers);
  CHECK(type("amq.match") == exchange_type::headers);
  CHECK(type("amq.rabbitmq.trace") == exchange_type::topic);
  CHECK(now->find_exchange("v", "amq.rabbitmq.trace")->is_internal());
  CHECK_FALSE(now->find_exchange("v", "amq.topic")->is_internal());
}

TEST_CASE("topology: vhosts do not see each other", "[routing]") {
  auto rig = topology_rig{};
  rig.all.add_vhost("v");
  rig.queue("q");
  CHECK(rig.all.snapshot()->find_queue("/", "q"));
  CHECK_FALSE(rig.all.snapshot()->find_queue("v", "q"));
  auto nowhere = rig.all.declare_exchange("w", exchange_called("x"));
  CHECK(kind(nowhere) == reason::not_allowed);
  CHECK(why(nowhere) == "vhost w not found");
}

TEST_CASE("topology: a vhost goes with all it has", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("x", "topic", {}, true);
  rig.exchange("y", "fanout");
  rig.queue("q");
  rig.bind("x", "q", "k");
  rig.chain("x", "y", "k");
  rig.chain("y", "x");
  auto change = rig.keep(rig.all.drop_vhost("/"));
  CHECK(change.exchanges_gone.size() == 9);
  CHECK(change.queues_gone.size() == 1);
  CHECK(change.bindings_gone.size() == 3);
  CHECK(rig.kept.values.empty());
  CHECK_FALSE(rig.all.snapshot()->has_vhost("/"));
  CHECK(rig.all.bindings("/").empty());
  CHECK_FALSE(rig.all.drop_vhost("/").is_new);
}

// -- snapshots

TEST_CASE("topology: a snapshot stays as it was", "[routing]") {
  auto rig = topology_rig{};
  rig.queue("q");
  rig.bind("amq.direct", "q", "k");
  auto before = rig.all.snapshot();
  rig.unbind("amq.direct", "q", "k");
  CHECK(rig.all.delete_queue("/", "q", 0).has_value());
  auto found = route_result{};
  auto what = message{"amq.direct", "k", "", ""};
  before->find_exchange("/", "amq.direct")->route(*before, what, found);
  REQUIRE(found.queues.size() == 1);
  CHECK(found.queues[0]->name == "q");
}
