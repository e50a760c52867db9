#include "engine/amqp/topology_copy.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <iterator>

using namespace troupe;
using outcome = topology_copy::outcome;
using part = topology_frames::update::part;

namespace {

topology_record queue(const std::string& name, bool is_durable = true) {
  auto made = stored_queue{};
  made.declared.name = name;
  return is_durable ? keeping("/", made) : sharing("/", made);
}

topology_record without(const std::string& name) {
  auto made = stored_queue{};
  made.declared.name = name;
  return erasing("/", made);
}

topology_copy
leading(std::uint64_t epoch, const std::vector<topology_record>& all) {
  auto made = topology_copy{};
  made.lead(epoch, all);
  return made;
}

outcome
follow(topology_copy& copy, std::uint16_t from, const topology_copy& leader) {
  auto last = outcome::stale;
  for (auto& x : leader.whole()) last = copy.on_update(from, std::move(x)).what;
  return last;
}

} // namespace

TEST_CASE(
  "topology_copy: follows a whole and the changes behind it", "[amqp]") {
  auto leader = leading(1, {queue("a")});
  auto copy = topology_copy{};
  CHECK(follow(copy, 7, leader) == outcome::whole);
  CHECK(copy.source() == 7);
  CHECK(copy.records() == leader.records());
  auto told = copy.on_update(7, leader.change({queue("b"), without("a")}));
  CHECK(told.what == outcome::changed);
  REQUIRE(told.steps.size() == 2);
  CHECK_FALSE(told.steps[0].before);
  CHECK(told.steps[1].before == queue("a").value);
  CHECK(copy.records() == leader.records());
  CHECK(copy.version() == leader.version());
}

TEST_CASE("topology_copy: what makes no difference is no step", "[amqp]") {
  auto leader = leading(1, {queue("a")});
  auto copy = topology_copy{};
  follow(copy, 7, leader);
  auto told = copy.on_update(7, leader.change({queue("a"), without("b")}));
  CHECK(told.what == outcome::changed);
  CHECK(told.steps.empty());
}

TEST_CASE("topology_copy: a change that was lost is missed", "[amqp]") {
  auto leader = leading(1, {});
  auto copy = topology_copy{};
  CHECK(copy.on_update(7, leader.change({queue("a")})).what == outcome::missed);
  follow(copy, 7, leader);
  leader.change({queue("b")});
  auto told = copy.on_update(7, leader.change({queue("c")}));
  CHECK(told.what == outcome::missed);
  CHECK_FALSE(copy.is_whole());
  CHECK(copy.on_update(7, leader.change({queue("d")})).what == outcome::missed);
  CHECK(copy.records().size() == 1); // as it was
  CHECK(follow(copy, 7, leader) == outcome::whole);
  CHECK(copy.records() == leader.records());
}

TEST_CASE("topology_copy: a change that the whole has is stale", "[amqp]") {
  auto leader = leading(1, {});
  auto copy = topology_copy{};
  auto change = leader.change({queue("a")});
  follow(copy, 7, leader);
  CHECK(copy.on_update(7, change).what == outcome::stale);
  CHECK(copy.is_whole());
}

TEST_CASE("topology_copy: an earlier epoch is not listened to", "[amqp]") {
  auto before = leading(1, {queue("old")});
  auto now = leading(2, {queue("new")});
  auto copy = topology_copy{};
  follow(copy, 7, now);
  CHECK(follow(copy, 8, before) == outcome::stale);
  CHECK(copy.on_update(8, before.change({queue("x")})).what == outcome::stale);
  CHECK(copy.records() == now.records());
  CHECK(copy.source() == 7);
}

TEST_CASE("topology_copy: a later epoch begins with a whole", "[amqp]") {
  auto before = leading(1, {queue("old")});
  auto now = leading(2, {queue("new")});
  auto copy = topology_copy{};
  follow(copy, 7, before);
  CHECK(copy.on_update(8, now.change({})).what == outcome::missed);
  CHECK(copy.epoch() == 2);
  CHECK(copy.on_update(7, before.change({})).what == outcome::stale);
  CHECK(follow(copy, 8, now) == outcome::whole);
  CHECK(copy.source() == 8);
}

TEST_CASE(
  "topology_copy: a whole in parts counts once it is complete", "[amqp]") {
  auto all = std::vector<topology_record>{};
  for (auto i = 0; i < 5; ++i) all.push_back(queue(std::to_string(i)));
  auto parts = topology_frames::cut_whole(3, 9, all, 1);
  REQUIRE(parts.size() == 5);
  auto copy = topology_copy{};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(copy.on_update(7, parts[i]).what == outcome::partial);
    CHECK(copy.records().empty());
  }
  SECTION("the last one comes") {
    CHECK(copy.on_update(7, parts[4]).what == outcome::whole);
    CHECK(copy.records().size() == 5);
    CHECK(copy.version() == 9);
  }
  SECTION("another's does not do") {
    CHECK(copy.on_update(8, parts[4]).what == outcome::missed);
    CHECK(copy.on_update(7, parts[4]).what == outcome::missed);
  }
  SECTION("it begins anew") {
    for (std::size_t i = 0; i < 4; ++i) copy.on_update(7, parts[i]);
    CHECK(copy.on_update(7, parts[4]).what == outcome::whole);
  }
  SECTION("without the first part there is none") {
    auto other = topology_copy{};
    CHECK(other.on_update(7, parts[1]).what == outcome::missed);
    CHECK(other.on_update(7, parts[4]).what == outcome::missed);
  }
}

TEST_CASE(
  "topology_copy: a leader begins with what is stored, and in memory "
  "what was told",
  "[amqp]") {
  auto before = leading(1, {queue("d"), queue("lost"), queue("m", false)});
  auto copy = topology_copy{};
  follow(copy, 7, before);
  auto begun = copy.beginning({queue("d"), queue("other")});
  auto names = std::vector<std::string>{};
  for (const auto& [at, value] : begun) names.push_back(at.second);
  CHECK(names == std::vector<std::string>{"queue/d", "queue/m", "queue/other"});
}

TEST_CASE(
  "topology_copy: what the configuration has is never shared", "[amqp]") {
  auto copy = topology_copy{};
  copy.fix({queue("own")});
  follow(copy, 7, leading(1, {queue("own", false), queue("a")}));
  CHECK(copy.records().size() == 1);
  auto leader = leading(2, {});
  follow(copy, 7, leader);
  CHECK(copy.on_update(7, leader.change({without("own")})).steps.empty());
  CHECK(copy.beginning({queue("own")}).empty());
  copy.lead(3, {queue("own"), queue("b")});
  CHECK(copy.records().size() == 1);
}
