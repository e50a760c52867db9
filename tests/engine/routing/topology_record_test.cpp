#include "tests/engine/routing/topology_rig.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace troupe;
using namespace troupe::test;

namespace {

topology restored_from(
  const std::vector<
    std::pair<std::pair<std::string, std::string>, std::string>>& records) {
  auto made = topology{};
  for (const auto& [where, value] : records)
    CHECK(made.restore(where.first, where.second, value).has_value());
  return made;
}

topology restored_from(const kept_records& kept) {
  return restored_from({kept.values.begin(), kept.values.end()});
}

/// Makes one of everything that is kept, with bytes of all kinds in names.
topology_rig example() {
  auto rig = topology_rig{};
  rig.keep(rig.all.add_vhost("empty"));
  rig.exchange("x", "topic", table({{"alternate-exchange", text("y")}}));
  rig.exchange("y:1/", "x-consistent-hash", {}, true);
  rig.exchange(
    "d", "x-delayed-message", table({{"x-delayed-type", text("direct")}}));
  rig.queue("q");
  auto declared = queue_declaration{};
  declared.name = std::string{"\0\xff 5:", 5};
  declared.durable = true;
  declared.auto_delete = true;
  declared.arguments = table({{"x-max-priority", number(9)}});
  auto made = new_queue{};
  made.id = queue_id{99};
  made.partitions = 10;
  made.by_priority = true;
  made.order_key = *key_expression::parse("header:customer");
  rig.keep(rig.all.declare_queue("/", declared, made, 0).value());
  rig.bind("x", "q", "order.#");
  rig.bind("x", declared.name, "");
  rig.bind("y:1/", "q", "3");
  rig.bind("amq.headers", "q", "k", table({{"h", number(1)}}));
  rig.chain("x", "y:1/", "7:");
  return rig;
}

} // namespace

TEST_CASE("topology: comes back from its records", "[routing]") {
  auto rig = example();
  auto again = restored_from(rig.kept);
  CHECK(listed(again) == listed(rig.all));
  CHECK(listed(again).count("vhost empty") == 1);
}

TEST_CASE("topology: bindings wait for ends that are declared", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("x", "topic");
  rig.queue("q");
  rig.bind("x", "q", "order.#");
  // The queue and the exchange belong to a configuration, say.
  std::erase_if(rig.kept.values, [](const auto& record) {
    auto what = read_record(record.first.second, record.second).value();
    return !std::holds_alternative<binding>(what);
  });
  auto again = restored_from(rig.kept);
  again.add_vhost("/");
  CHECK(again.bindings("/").empty());
  auto exchange = exchange_declaration{};
  exchange.name = "x";
  exchange.type = "topic";
  exchange.durable = true;
  again.declare_exchange("/", exchange).value();
  auto queue = queue_declaration{};
  queue.name = "q";
  queue.durable = true;
  auto made = new_queue{};
  made.id = queue_id{7};
  again.declare_queue("/", queue, made, 0).value();
  REQUIRE(again.bindings("/").size() == 1);
  CHECK(again.bindings("/").front()->routing_key == "order.#");
}

TEST_CASE("topology: comes back from records in whatever order", "[routing]") {
  auto rig = example();
  auto random = std::mt19937{2};
  auto records =
    std::vector<std::pair<std::pair<std::string, std::string>, std::string>>(
      rig.kept.values.begin(), rig.kept.values.end());
  for (int i = 0; i < 20; ++i) {
    std::shuffle(records.begin(), records.end(), random);
    REQUIRE(listed(restored_from(records)) == listed(rig.all));
  }
}

TEST_CASE("topology: restored things go as declared ones do", "[routing]") {
  auto rig = example();
  auto again = restored_from(rig.kept);
  auto kept = rig.kept;
  auto change = again.delete_queue("/", "q", 0).value();
  CHECK(change.bindings_gone.size() == 4); // one led to an auto-delete exchange
  CHECK(change.exchanges_gone.size() == 1);
  kept.keep(change);
  kept.keep(again.drop_vhost("/"));
  kept.keep(again.drop_vhost("empty"));
  CHECK(kept.values.empty());
}

TEST_CASE("topology: keeps only what is durable", "[routing]") {
  auto rig = topology_rig{};
  auto before = rig.kept.values;
  auto transient = exchange_declaration{};
  transient.name = "t";
  transient.type = "fanout";
  rig.keep(rig.all.declare_exchange("/", transient).value());
  rig.queue("tq", false);
  rig.bind("t", "tq");
  rig.bind("amq.fanout", "tq");
  CHECK(rig.kept.values == before);
  rig.queue("q");
  rig.bind("t", "q");
  CHECK(rig.kept.values.size() == before.size() + 1);
  rig.bind("amq.fanout", "q");
  CHECK(rig.kept.values.size() == before.size() + 2);
}

TEST_CASE("topology: keys are unique whatever the names", "[routing]") {
  auto a = binding{"x", binding::kind::queue, "y", "z", {}};
  auto keys = std::set<std::string>{record_key(a)};
  for (auto [source, destination, key] :
       {std::tuple{"x1:y", "", "z"}, std::tuple{"x", "y1:z", ""},
        std::tuple{"xy", "", "z"}, std::tuple{"", "x", "yz"}}) {
    auto other = binding{source, binding::kind::queue, destination, key, {}};
    CHECK(keys.insert(record_key(other)).second);
    other.to = binding::kind::exchange;
    CHECK(keys.insert(record_key(other)).second);
  }
  a.arguments = table({{"h", {}}});
  CHECK(keys.insert(record_key(a)).second);
}

TEST_CASE(
  "topology: records have the bytes that are written down", "[routing]") {
  auto declared = exchange_declaration{};
  declared.name = "x";
  declared.type = "topic";
  declared.internal = true;
  auto record = keeping("/", declared);
  CHECK(record.key == "exchange/x");
  auto expected = std::string{
    "\x01\x02"
    "\x01\0\0\0x"
    "\x05\0\0\0topic"
    "\x04\0\0\0"
    "\0\0\0\0",
    24};
  CHECK(*record.value == expected);

  auto queue = stored_queue{};
  queue.declared.name = "q";
  queue.declared.auto_delete = true;
  queue.made.id = queue_id{7};
  queue.made.partitions = 3;
  queue.made.order_key = *key_expression::parse("body");
  record = keeping("/", queue);
  CHECK(record.key == "queue/q");
  expected = std::string{
    "\x01\x01"
    "\x01\0\0\0q"
    "\x07\0\0\0\0\0\0\0"
    "\x03\0"
    "\x04\0\0\0"
    "body"
    "\x04\0\0\0"
    "\0\0\0\0",
    33};
  CHECK(*record.value == expected);

  record = keeping("/", binding{"x", binding::kind::exchange, "yy", "k", {}});
  CHECK(record.key == "binding/1:xx2:yy1:k");
  expected = std::string{
    "\x01\x08"
    "\x01\0\0\0x"
    "\x02\0\0\0yy"
    "\x01\0\0\0k"
    "\x04\0\0\0"
    "\0\0\0\0",
    26};
  CHECK(*record.value == expected);
}

TEST_CASE("topology: damaged records are refused", "[routing]") {
  auto rig = example();
  for (const auto& [where, value] : rig.kept.values) {
    auto all = topology{};
    for (std::size_t cut = 0; cut < value.size(); ++cut) {
      auto read = all.restore(where.first, where.second, value.substr(0, cut));
      REQUIRE(read.has_error());
      CHECK(read.error().code == errc::corrupt);
    }
    CHECK(all.restore(where.first, where.second, value + "x").has_error());
    CHECK(all.restore(where.first, where.second + "x", value).has_error());
    auto newer = value;
    newer[0] = 2;
    auto read = all.restore(where.first, where.second, newer);
    REQUIRE(read.has_error());
    CHECK(read.error().code == errc::newer_format);
  }
}

TEST_CASE(
  "topology: any change of a record's bytes is read or refused", "[routing]") {
  auto rig = example();
  auto random = std::mt19937{4};
  auto refused = 0;
  for (int i = 0; i < 200; ++i)
    for (const auto& [where, value] : rig.kept.values) {
      auto all = topology{};
      auto bytes = value;
      bytes[random() % bytes.size()] = static_cast<char>(random());
      refused += all.restore(where.first, where.second, bytes).has_error();
    }
  CHECK(refused > 500);
}
