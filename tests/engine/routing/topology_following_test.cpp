#include "tests/engine/routing/topology_rig.hpp"

#include <catch2/catch.hpp>

#include <random>

// One topology that follows another by its records, as other members do.

using namespace troupe;
using namespace troupe::test;

namespace {

using record_map =
  std::map<std::pair<std::string, std::string>, topology_record>;

void follow(record_map& all, const std::vector<topology_record>& what) {
  for (const auto& x : what)
    if (x.value)
      all[{x.vhost, x.key}] = x;
    else
      all.erase({x.vhost, x.key});
}

topology restored(const record_map& all) {
  auto made = topology{};
  for (const auto& [where, x] : all)
    REQUIRE(made.restore(x.vhost, x.key, *x.value).has_value());
  return made;
}

topology restored(const std::vector<topology_record>& all) {
  auto map = record_map{};
  follow(map, all);
  CHECK(map.size() == all.size()); // each thing once
  return restored(map);
}

/// Follows record by record, as it is told, what it has been told before.
void follow(topology& to, record_map& known, const topology_record& x) {
  auto there = known.find({x.vhost, x.key});
  if (there != known.end())
    REQUIRE(to.retract(x.vhost, x.key, *there->second.value).has_value());
  if (x.value) REQUIRE(to.restore(x.vhost, x.key, *x.value).has_value());
  follow(known, {x});
}

/// Does anything to a topology that clients may.
class random_play {
public:
  explicit random_play(unsigned seed) : random_{seed} {
    add(all.add_vhost("/"));
    add(all.add_vhost("v"));
  }

  /// Returns what the step gave to share.
  std::vector<topology_record> step() {
    told_.clear();
    switch (random_() % 16) {
      case 0:
      case 1:
      case 2: declare_exchange(); break;
      case 3:
      case 4:
      case 5: declare_queue(); break;
      case 6: add(all.delete_exchange(vhost(), exchange())); break;
      case 7: add(all.delete_queue(vhost(), queue(), connection())); break;
      case 8: add(all.drop_exclusive(connection())); break;
      case 9:
      case 10: add(all.unbind(vhost(), any_binding(), connection())); break;
      case 11:
        if (random_() % 20 == 0) add(all.drop_vhost("v"));
        add(all.add_vhost("v"));
        break;
      default: add(all.bind(vhost(), any_binding(), connection()));
    }
    return told_;
  }

  topology all;

private:
  void add(const topology_change& change) {
    told_.insert(told_.end(), change.shared.begin(), change.shared.end());
  }
  void add(const permitted<topology_change>& change) {
    if (change) add(*change);
  }
  bool maybe() { return random_() % 2 == 0; }
  std::string vhost() { return random_() % 4 == 0 ? "v" : "/"; }
  std::string exchange() { return "x" + std::to_string(random_() % 6); }
  std::string queue() { return "q" + std::to_string(random_() % 8); }
  std::uint64_t connection() { return 1 + random_() % 3; }

  void declare_exchange() {
    static const auto types =
      std::vector<std::string>{"fanout", "direct", "topic", "headers"};
    auto made = exchange_declaration{
      exchange(), types[random_() % types.size()], maybe(), maybe(), maybe(),
      {}};
    if (maybe()) made.arguments = table({{"alternate-exchange", text("x0")}});
    add(all.declare_exchange(vhost(), made));
  }

  void declare_queue() {
    auto declared = queue_declaration{};
    declared.name = queue();
    declared.durable = maybe();
    declared.exclusive = maybe();
    declared.auto_delete = maybe();
    declared.is_server_named = maybe();
    if (maybe()) declared.arguments = table({{"x-max-priority", number(3)}});
    auto made = new_queue{};
    made.id = queue_id{++last_id_};
    made.partitions = static_cast<std::uint16_t>(1 + random_() % 10);
    made.by_priority = maybe();
    if (maybe()) made.order_key = *key_expression::parse("header:customer");
    add(all.declare_queue(vhost(), declared, made, connection()));
  }

  binding any_binding() {
    auto made = binding{};
    made.source = random_() % 5 == 0 ? "amq.topic" : exchange();
    made.to = maybe() ? binding::kind::exchange : binding::kind::queue;
    made.destination =
      made.to == binding::kind::exchange ? exchange() : queue();
    made.routing_key = maybe() ? "k" : "k.#";
    if (random_() % 3 == 0)
      made.arguments = table({{"b", number(1)}, {"a", text("2")}});
    return made;
  }

  std::mt19937 random_;
  std::uint64_t last_id_ = 0;
  std::vector<topology_record> told_;
};

} // namespace

TEST_CASE("topology: all its records make an equal one", "[routing]") {
  auto seed = GENERATE(1u, 2u, 3u);
  auto play = random_play{seed};
  auto sizes = std::size_t{0};
  for (auto i = 0; i < 200; ++i) {
    play.step();
    auto again = restored(play.all.all_records());
    REQUIRE(listed(again) == listed(play.all));
    REQUIRE(again.owners() == play.all.owners());
    sizes += play.all.all_records().size();
  }
  CHECK(sizes > 200 * 5);
}

TEST_CASE("topology: what changes share makes an equal one", "[routing]") {
  auto seed = GENERATE(4u, 5u, 6u);
  auto play = random_play{seed};
  auto known = record_map{};
  follow(known, play.all.all_records());
  for (auto i = 0; i < 300; ++i) {
    follow(known, play.step());
    REQUIRE(listed(restored(known)) == listed(play.all));
  }
}

TEST_CASE("topology: one that follows step by step stays equal", "[routing]") {
  auto seed = GENERATE(7u, 8u, 9u);
  auto play = random_play{seed};
  auto copy = topology{};
  auto known = record_map{};
  for (const auto& x : play.all.all_records()) follow(copy, known, x);
  for (auto i = 0; i < 1000; ++i) {
    auto told = play.step();
    for (const auto& x : told) follow(copy, known, x);
    REQUIRE(listed(copy) == listed(play.all));
    REQUIRE(copy.owners() == play.all.owners());
    for (const auto& x : told) follow(copy, known, x); // as after a repeat
    REQUIRE(listed(copy) == listed(play.all));
  }
}

TEST_CASE(
  "topology: durable things are shared as they are stored", "[routing]") {
  auto rig = topology_rig{};
  auto made = rig.queue("q");
  CHECK(made.shared == made.records);
  auto bound = rig.bind("amq.topic", "q", "k");
  CHECK(bound.shared == bound.records);
  CHECK_FALSE(is_in_memory(bound.shared.at(0)));
  auto passing = rig.queue("passing", false);
  CHECK(passing.records.empty());
  CHECK(is_in_memory(passing.shared.at(0)));
  bound = rig.bind("amq.topic", "passing", "k");
  CHECK(is_in_memory(bound.shared.at(0)));
}

TEST_CASE("topology: an exclusive queue stays its connection's", "[routing]") {
  auto rig = topology_rig{};
  auto declared = queue_declaration{};
  declared.name = "mine";
  declared.exclusive = true;
  auto made = new_queue{};
  made.id = queue_id{9};
  rig.all.declare_queue("/", declared, made, 77).value();
  auto again = restored(rig.all.all_records());
  CHECK(again.owners() == std::vector<std::uint64_t>{77});
  CHECK(again.find_queue("/", "mine", 78).has_error());
  CHECK(again.find_queue("/", "mine", 77).has_value());
  auto gone = again.drop_exclusive(77);
  CHECK(gone.queues_gone.size() == 1);
  CHECK(gone.shared == std::vector{erasing("/", stored_queue{declared, made})});
}

TEST_CASE(
  "topology: a retracted binding that waited does not come back", "[routing]") {
  auto all = topology{};
  auto bound = keeping("/", topology_rig::to_queue("amq.topic", "q", "k"));
  REQUIRE(all.restore("/", bound.key, *bound.value).has_value());
  REQUIRE(all.retract("/", bound.key, *bound.value).has_value());
  auto queue = stored_queue{};
  queue.declared.name = "q";
  auto there = keeping("/", queue);
  REQUIRE(all.restore("/", there.key, *there.value).has_value());
  CHECK(all.snapshot()->find_queue("/", "q"));
  CHECK(all.bindings("/").empty());
}

TEST_CASE("topology: damaged records retract nothing", "[routing]") {
  auto rig = topology_rig{};
  rig.queue("q");
  auto before = listed(rig.all);
  for (const auto& x : rig.all.all_records()) {
    auto cut = x.value->substr(0, x.value->size() - 1);
    CHECK(rig.all.retract(x.vhost, x.key, cut).has_error());
    CHECK(rig.all.retract(x.vhost, x.key + "y", *x.value).has_error());
    CHECK(rig.all.retract("nowhere", x.key, *x.value).has_value());
  }
  CHECK(listed(rig.all) == before);
}

TEST_CASE(
  "topology: any change of a shared record's bytes is read or refused",
  "[routing]") {
  auto play = random_play{10};
  for (auto i = 0; i < 100; ++i) play.step();
  auto random = std::mt19937{11};
  auto refused = 0;
  auto known = play.all.all_records();
  REQUIRE(known.size() > 5);
  for (auto i = 0; i < 2000; ++i) {
    auto all = topology{};
    for (const auto& x : known) {
      auto bytes = *x.value;
      if (random() % known.size() == 0)
        bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
      refused += all.restore(x.vhost, x.key, bytes).has_error();
    }
    for (auto owner : all.owners()) all.drop_exclusive(owner);
    CHECK(all.owners().empty());
  }
  CHECK(refused > 500);
}
