#include "engine/amqp/broker.hpp"
#include "engine/amqp/exchange_routing.hpp"
#include "engine/delivery/dead_letter.hpp"
#include "engine/message/properties.hpp"
#include "engine/routing/topology.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::amqp;

namespace {

void declare(topology& in, std::uint64_t id, queue_declaration what) {
  auto made = new_queue{};
  made.id = queue_id{id};
  if (find(what.arguments, "x-max-priority")) {
    made.partitions = 6;
    made.by_priority = true;
  }
  what.is_server_named = true; // whatever its name
  REQUIRE(in.declare_queue("/", what, made, 0).has_value());
}

batch_ptr letter(const std::string& key, const properties& of = {}) {
  auto made = batch_builder{};
  auto encoded = encode(of);
  made.add(message{"", key, encoded, "body"});
  return made.take();
}

/// A message that expired in a queue, as its dead letter rule sends it on.
batch_ptr expired_in(const std::string& queue, const std::string& to) {
  auto dead = letter(queue);
  auto rule = dead_letter_rule{};
  rule.routing_key = to;
  auto made = batch_builder{};
  auto how = death{};
  how.queue = queue;
  how.why = death_reason::expired;
  add_dead_letter(made, (*dead)[0], rule, how);
  return made.take();
}

} // namespace

TEST_CASE("exchange_routing: a message goes where its key leads") {
  auto all = topology{};
  all.add_vhost("/");
  declare(all, 1, {.name = "a"});
  declare(all, 2, {.name = "b"});
  auto routed = route_by_exchange(*all.snapshot(), "/", {7}, *letter("b"));
  REQUIRE(routed.size() == 1);
  CHECK(routed[0].to->name == "b");
  CHECK(routed[0].sequences == std::vector<std::uint64_t>{7});
  CHECK((*routed[0].messages)[0].body() == "body");
  CHECK(
    route_by_exchange(*all.snapshot(), "/", {7}, *letter("nowhere")).empty());
}

TEST_CASE("exchange_routing: a priority is a partition") {
  auto all = topology{};
  all.add_vhost("/");
  auto wanted = queue_declaration{.name = "a"};
  wanted.arguments.fields = {{"x-max-priority", field_value{std::int8_t{5}}}};
  declare(all, 1, wanted);
  auto partition_of = [&](std::optional<std::uint8_t> priority) {
    auto of = properties{};
    of.priority = priority;
    return route_by_exchange(*all.snapshot(), "/", {}, *letter("a", of))
      .at(0)
      .partition;
  };
  CHECK(partition_of(std::nullopt) == 0);
  CHECK(partition_of(3) == 3);
  CHECK(partition_of(200) == 5);
}

TEST_CASE("exchange_routing: a history goes where the new binding leads") {
  auto all = topology{};
  all.add_vhost("/");
  declare(all, 1, {.name = "a"});
  declare(all, 2, {.name = "b"});
  declare(all, 3, {.name = history_queue_name("next")});
  auto next = exchange_declaration{.name = "next", .type = "x-recent-history"};
  REQUIRE(all.declare_exchange("/", next).has_value());
  using kind = binding::kind;
  REQUIRE(all.bind("/", {"next", kind::queue, "b", "", {}}, 0).has_value());
  auto kept = properties{};
  kept.expiration = "1000";
  auto led_to = [&](kind to, const char* name) {
    auto names = std::vector<std::string>{};
    for (const auto& x : route_history(
           *all.snapshot(), "/", {"recent", to, name, "", {}},
           *letter("nowhere", kept))) {
      names.push_back(x.to->name);
      CHECK((*x.messages)[0].routing_key() == "nowhere");
      CHECK(x.has_expirations == (x.to->id != queue_id{3}));
    }
    return names;
  };
  using names = std::vector<std::string>;
  CHECK(led_to(kind::queue, "a") == names{"a"});
  CHECK(
    led_to(kind::exchange, "next") == names{"b", history_queue_name("next")});
  CHECK(led_to(kind::queue, "gone").empty());
  CHECK(led_to(kind::exchange, "gone").empty());
}

TEST_CASE("exchange_routing: what goes round is put in quarantine") {
  auto all = topology{};
  all.add_vhost("/");
  declare(all, 1, {.name = "a"});
  declare(all, 2, {.name = quarantine_queue});
  auto onward =
    route_by_exchange(*all.snapshot(), "/", {}, *expired_in("other", "a"));
  CHECK(onward.at(0).to->name == "a");
  auto round =
    route_by_exchange(*all.snapshot(), "/", {}, *expired_in("a", "a"));
  CHECK(round.at(0).to->name == quarantine_queue);
}
