#include "tests/engine/routing/topology_rig.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace troupe;
using namespace troupe::test;

using names = std::vector<std::string>;

namespace {

field keys(const char* name, std::vector<std::string> values) {
  auto made = field_array{};
  for (auto& v : values) made.values.push_back(text(v));
  return {name, {made}};
}

} // namespace

TEST_CASE("exchange: the default one leads to the queue named", "[routing]") {
  auto rig = topology_rig{};
  rig.queue("orders");
  CHECK(rig.route("", "orders") == names{"orders"});
  CHECK(rig.route("", "other").empty());
}

TEST_CASE("exchange: direct matches the whole key", "[routing]") {
  auto rig = topology_rig{};
  rig.queue("a");
  rig.queue("b");
  rig.bind("amq.direct", "a", "red");
  rig.bind("amq.direct", "b", "red");
  rig.bind("amq.direct", "b", "blue");
  CHECK(rig.route("amq.direct", "red") == names{"a", "b"});
  CHECK(rig.route("amq.direct", "blue") == names{"b"});
  CHECK(rig.route("amq.direct", "re").empty());
  rig.unbind("amq.direct", "b", "red");
  CHECK(rig.route("amq.direct", "red") == names{"a"});
}

TEST_CASE("exchange: fanout leads to all", "[routing]") {
  auto rig = topology_rig{};
  for (auto* name : {"a", "b", "c"}) {
    rig.queue(name);
    rig.bind("amq.fanout", name, "whatever");
  }
  CHECK(rig.route("amq.fanout", "x") == names{"a", "b", "c"});
}

TEST_CASE(
  "exchange: fanout keeps a queue while one of its bindings is left",
  "[routing]") {
  auto rig = topology_rig{};
  rig.queue("a");
  rig.bind("amq.fanout", "a", "1");
  rig.bind("amq.fanout", "a", "2");
  CHECK(rig.route("amq.fanout", "x") == names{"a"});
  rig.unbind("amq.fanout", "a", "1");
  CHECK(rig.route("amq.fanout", "x") == names{"a"});
  rig.unbind("amq.fanout", "a", "2");
  CHECK(rig.route("amq.fanout", "x").empty());
}

TEST_CASE("exchange: topic gives each queue once", "[routing]") {
  auto rig = topology_rig{};
  rig.queue("a");
  rig.queue("b");
  rig.bind("amq.topic", "a", "order.*");
  rig.bind("amq.topic", "a", "order.#");
  rig.bind("amq.topic", "b", "#.eu");
  CHECK(rig.route("amq.topic", "order.new") == names{"a"});
  CHECK(rig.route("amq.topic", "order.eu") == names{"a", "b"});
  CHECK(rig.route("amq.topic", "refund").empty());
}

TEST_CASE("exchange: headers match all, or any, by value", "[routing]") {
  auto rig = topology_rig{};
  for (auto* name : {"all", "any", "seen"}) rig.queue(name);
  auto wanted = std::vector<field>{
    {"kind", text("order")}, {"size", number(5)}, {"x-tag", text("t")}};
  rig.bind("amq.headers", "all", "", table(wanted));
  wanted.push_back({"x-match", text("any")});
  rig.bind("amq.headers", "any", "", table(wanted));
  rig.bind("amq.headers", "seen", "", table({{"mark", {}}}));
  auto route = [&](std::vector<field> given) {
    return rig.route("amq.headers", "", headers(std::move(given)));
  };
  auto kind = field{"kind", text("order")};
  CHECK(route({{"size", {std::int64_t{5}}}, kind}) == names{"all", "any"});
  CHECK(route({kind, {"size", {5.0}}}) == names{"all", "any"});
  CHECK(route({kind, {"size", text("5")}}) == names{"any"});
  CHECK(route({{"x-tag", text("t")}}).empty()); // x- does not count
  CHECK(route({{"mark", text("anything")}}) == names{"seen"});
  CHECK(rig.route("amq.headers", "").empty());
}

TEST_CASE("exchange: -with-x lets headers with x- count", "[routing]") {
  auto rig = topology_rig{};
  rig.queue("all");
  rig.queue("any");
  auto mode = [](const char* name) { return field{"x-match", text(name)}; };
  auto x = field{"x-tag", text("t")};
  auto y = field{"y", text("u")};
  rig.bind("amq.match", "all", "", table({mode("all-with-x"), x, y}));
  rig.bind("amq.match", "any", "", table({mode("any-with-x"), x, y}));
  CHECK(rig.route("amq.match", "", headers({x})) == names{"any"});
  CHECK(rig.route("amq.match", "", headers({x, y})) == names{"all", "any"});
}

TEST_CASE(
  "exchange: a headers binding without conditions matches everything, "
  "unless any is asked for",
  "[routing]") {
  auto rig = topology_rig{};
  rig.queue("all");
  rig.queue("any");
  rig.bind("amq.headers", "all");
  rig.bind("amq.headers", "any", "", table({{"x-match", text("any")}}));
  CHECK(rig.route("amq.headers", "") == names{"all"});
}

TEST_CASE("exchange: CC and BCC add routing keys", "[routing]") {
  auto rig = topology_rig{};
  for (auto* name : {"a", "b", "c"}) {
    rig.queue(name);
    rig.bind("amq.direct", name, name);
    rig.bind("amq.topic", name, std::string{name} + ".#");
  }
  auto more = headers({keys("CC", {"b", "a"}), keys("BCC", {"c"})});
  CHECK(rig.route("amq.direct", "a", more) == names{"a", "b", "c"});
  CHECK(rig.route("amq.topic", "x", more) == names{"a", "b", "c"});
  CHECK(rig.route("", "a", more) == names{"a", "b", "c"});
}

TEST_CASE("exchange: CC of another type is told", "[routing]") {
  auto rig = topology_rig{};
  rig.queue("a");
  CHECK(rig.route("", "a", headers({{"BCC", text("b")}})).empty());
  CHECK(rig.found.wrong_header == "BCC");
  CHECK(rig.route("", "a", headers({{"CC", number(1)}})).empty());
  CHECK(rig.found.wrong_header == "CC");
  CHECK(rig.route("", "a") == names{"a"});
  CHECK(rig.found.wrong_header.empty());
}

TEST_CASE("exchange: consistent hash keeps a key with its queue", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("h", "x-consistent-hash");
  for (auto* name : {"a", "b", "c"}) {
    rig.queue(name);
    rig.bind("h", name, "1");
  }
  auto before = std::map<int, std::string>{};
  for (int i = 0; i < 3'000; ++i) {
    auto found = rig.route("h", std::to_string(i));
    REQUIRE(found.size() == 1);
    before[i] = found[0];
  }
  rig.queue("d");
  rig.bind("h", "d", "1");
  auto moved = 0;
  for (int i = 0; i < 3'000; ++i) {
    auto found = rig.route("h", std::to_string(i));
    if (found[0] == before[i]) continue;
    CHECK(found[0] == "d");
    ++moved;
  }
  CHECK(moved > 600);
  CHECK(moved < 900);
}

TEST_CASE("exchange: consistent hash shares by weight", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("h", "x-consistent-hash");
  rig.queue("small");
  rig.queue("large");
  rig.bind("h", "small", "1");
  rig.bind("h", "large", "3");
  auto large = 0;
  for (int i = 0; i < 4'000; ++i)
    large += rig.route("h", std::to_string(i)) == names{"large"};
  CHECK(large > 2'800);
  CHECK(large < 3'200);
}

TEST_CASE(
  "exchange: consistent hash can go by a header or a property", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("h", "x-consistent-hash", table({{"hash-header", text("who")}}));
  rig.exchange(
    "p", "x-consistent-hash", table({{"hash-property", text("message_id")}}));
  for (auto* name : {"a", "b", "c", "d"}) {
    rig.queue(name);
    rig.bind("h", name, "1");
    rig.bind("p", name, "1");
  }
  auto by_header = std::set<names>{};
  auto by_property = std::set<names>{};
  for (int i = 0; i < 50; ++i) {
    auto with = headers({{"who", number(i)}});
    with.message_id = std::to_string(i);
    auto key = std::to_string(i * 7);
    by_header.insert(rig.route("h", "k", with));
    by_property.insert(rig.route("p", "k", with));
    CHECK(rig.route("h", key, with) == rig.route("h", "k", with));
  }
  CHECK(by_header.size() == 4);
  CHECK(by_property.size() == 4);
}

TEST_CASE("exchange: modulus hash and random choose one queue", "[routing]") {
  auto rig = topology_rig{};
  for (auto* type : {"x-modulus-hash", "x-random", "x-local-random"}) {
    rig.exchange(type, type);
    CHECK(rig.route(type, "k").empty());
    auto seen = std::set<names>{};
    for (auto* name : {"a", "b", "c"}) {
      rig.queue(name);
      rig.bind(type, name);
    }
    for (int i = 0; i < 100; ++i) {
      auto found = rig.route(type, std::to_string(i));
      CHECK(found.size() == 1);
      seen.insert(found);
    }
    CHECK(seen.size() == 3);
  }
  CHECK(rig.route("x-modulus-hash", "k") == rig.route("x-modulus-hash", "k"));
}

TEST_CASE(
  "exchange: recent history is a fanout that says how much it keeps",
  "[routing]") {
  auto rig = topology_rig{};
  rig.exchange(
    "r", "x-recent-history", table({{"x-recent-history-length", number(3)}}));
  rig.exchange("usual", "x-recent-history");
  rig.queue("a");
  rig.bind("r", "a");
  CHECK(rig.route("r", "k") == names{"a"});
  auto now = rig.all.snapshot();
  CHECK(now->find_exchange("/", "r")->settings().history == 3);
  CHECK(now->find_exchange("/", "usual")->settings().history == 20);
}

TEST_CASE(
  "exchange: recent history keeps what passes and may be kept", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("r", "x-recent-history");
  rig.exchange("first", "fanout");
  rig.chain("first", "r");
  auto keepers = [&](const char* through, const properties& with) {
    CHECK(rig.route(through, "k", with).empty());
    auto all = names{};
    for (auto* x : rig.found.kept_by) all.push_back(x->name());
    return all;
  };
  auto no_store = [](field_value value) {
    return headers({{"x-recent-history-no-store", std::move(value)}});
  };
  CHECK(keepers("r", {}) == names{"r"});
  CHECK(keepers("first", {}) == names{"r"});
  CHECK(keepers("r", no_store({true})).empty());
  CHECK(keepers("r", no_store({false})) == names{"r"});
  CHECK(keepers("r", no_store(text("true"))) == names{"r"});
  CHECK(keepers("r", no_store(number(1))) == names{"r"});
  CHECK(rig.found.is_empty()); // to be kept is not to arrive
  auto delayed = table({{"x-delayed-type", text("x-recent-history")}});
  rig.exchange("later", "x-delayed-message", delayed);
  CHECK(keepers("later", headers({{"x-delay", number(5)}})).empty());
  CHECK(keepers("later", {}) == names{"later"});
}

TEST_CASE("exchange: a delayed one holds back what says x-delay", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange(
    "d", "x-delayed-message", table({{"x-delayed-type", text("topic")}}));
  rig.queue("a");
  rig.bind("d", "a", "k.*");
  CHECK(rig.route("d", "k.1") == names{"a"});
  CHECK(rig.route("d", "k.1", headers({{"x-delay", number(0)}})).size() == 1);
  CHECK(rig.route("d", "k.1", headers({{"x-delay", number(-5)}})).size() == 1);
  for (const auto& value :
       {number(5), field_value{std::int64_t{5}}, field_value{std::uint8_t{5}},
        text("5")}) {
    CHECK(rig.route("d", "k.1", headers({{"x-delay", value}})).empty());
    REQUIRE(rig.found.delayed.size() == 1);
    CHECK(rig.found.delayed[0].by->name() == "d");
    CHECK(rig.found.delayed[0].delay == duration{5});
  }
  auto forever = field_value{std::numeric_limits<std::int64_t>::max()};
  rig.route("d", "k.1", headers({{"x-delay", forever}}));
  CHECK(rig.found.delayed.at(0).delay == most_delay);
}

TEST_CASE(
  "exchange: bindings lead through exchanges, cycles and all", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("one", "fanout");
  rig.exchange("two", "direct");
  rig.exchange("three", "topic");
  rig.queue("a");
  rig.queue("b");
  rig.chain("one", "two");
  rig.chain("two", "three", "k");
  rig.chain("three", "one", "#");
  rig.chain("one", "one");
  rig.bind("one", "a");
  rig.bind("three", "a", "*");
  rig.bind("three", "b", "k");
  for (auto* first : {"one", "two", "three"})
    CHECK(rig.route(first, "k") == names{"a", "b"});
  CHECK(rig.route("one", "other") == names{"a"});
}

TEST_CASE(
  "exchange: what matches nothing goes to the alternate exchange",
  "[routing]") {
  auto rig = topology_rig{};
  auto other = [](const char* name) {
    return table({{"alternate-exchange", text(name)}});
  };
  rig.exchange("first", "direct", other("second"));
  rig.exchange("second", "direct", other("third"));
  rig.exchange("third", "direct", other("first")); // a cycle
  rig.exchange("lost", "direct", other("nowhere"));
  for (auto* name : {"a", "b", "c"}) rig.queue(name);
  rig.bind("first", "a", "1");
  rig.bind("second", "b", "2");
  rig.bind("third", "c", "3");
  CHECK(rig.route("first", "1") == names{"a"});
  CHECK(rig.route("first", "2") == names{"b"});
  CHECK(rig.route("first", "3") == names{"c"});
  CHECK(rig.route("third", "2") == names{"b"});
  CHECK(rig.route("first", "4").empty());
  CHECK(rig.route("lost", "1").empty());
}

TEST_CASE("exchange: says when routes depend on the key alone", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("plain", "topic");
  rig.exchange("hash", "x-consistent-hash");
  rig.exchange("random", "x-random");
  rig.exchange(
    "other", "direct", table({{"alternate-exchange", text("plain")}}));
  rig.exchange(
    "late", "x-delayed-message", table({{"x-delayed-type", text("direct")}}));
  auto by_key = [&](const char* name) {
    auto now = rig.all.snapshot();
    return now->find_exchange("/", name)->routes_by_key_only();
  };
  for (auto* name : {"", "amq.direct", "amq.fanout", "plain", "hash"})
    CHECK(by_key(name));
  for (auto* name : {"amq.headers", "random", "other", "late"})
    CHECK_FALSE(by_key(name));
  rig.chain("plain", "amq.headers", "#");
  CHECK_FALSE(by_key("plain"));
  auto onward =
    binding{"plain", binding::kind::exchange, "amq.headers", "#", {}};
  CHECK(rig.all.unbind("/", onward, 0).value().bindings_gone.size() == 1);
  CHECK(by_key("plain"));
}

TEST_CASE("exchange: damaged properties are no headers", "[routing]") {
  auto rig = topology_rig{};
  rig.queue("a");
  rig.bind("amq.headers", "a", "", table({{"k", text("v")}}));
  auto bytes = encode(headers({{"k", text("v")}, {"CC", {field_array{}}}}));
  auto now = rig.all.snapshot();
  auto matched = 0;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    auto part = bytes.substr(0, cut);
    rig.found.clear();
    now->find_exchange("/", "amq.headers")
      ->route(*now, message{"amq.headers", "", part, ""}, rig.found);
    matched += static_cast<int>(rig.found.queues.size());
  }
  CHECK(matched == 1);
}
