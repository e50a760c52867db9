#include "tests/support/queue_rig.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <variant>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using strings = std::vector<std::string>;

// -- before the store

TEST_CASE("queue_machine: lends what is not stored yet only where asked to") {
  auto options = queue_options{};
  options.lends_unstored = GENERATE(false, true);
  auto rig = queue_rig{options};
  rig.subscribe(1, 10);
  rig.publish({"a", "b"});
  CHECK(rig.bodies(1).size() == (options.lends_unstored ? 2 : 0));
  CHECK(rig.confirmed.empty());
  rig.store_all();
  CHECK(rig.bodies(1) == strings{"a", "b"});
  CHECK(rig.confirmed.size() == 1);
}

TEST_CASE("queue_machine: an ack may overtake the store, not the log") {
  auto options = queue_options{};
  options.lends_unstored = true;
  auto rig = queue_rig{options};
  rig.subscribe(1, 10);
  rig.publish({"a"});
  rig.publish({"b"});
  rig.ack(1, 1);
  REQUIRE(rig.to_store.size() == 3);
  CHECK(std::holds_alternative<settle_entry>(rig.to_store.back().entry));
  CHECK(rig.figures().length == 1);
  rig.store_one();
  CHECK(rig.confirmed.size() == 1);
  rig.kill(); // the ack is lost, and the second message
  rig.subscribe(2, 10);
  CHECK(rig.bodies(2) == strings{"a"});
}

TEST_CASE("queue_machine: what was lent unstored leaves the log like others") {
  auto options = queue_options{};
  options.lends_unstored = true;
  options.resident_limit = 1;
  auto rig = queue_rig{options};
  rig.subscribe(1, 1000);
  for (int i = 0; i < 2000; ++i) {
    rig.publish({"a", "b"});
    rig.ack(1, 2);
    rig.store_all();
  }
  CHECK(rig.entries() < 600);
  CHECK(rig.figures().length == 0);
  CHECK(rig.figures().resident_bytes == 0);
}

// -- space

TEST_CASE("queue_machine: bodies beyond the limit are read back in order") {
  auto options = queue_options{};
  options.resident_limit = 64;
  auto rig = queue_rig{options};
  auto all = strings{};
  for (int i = 0; i < 100; ++i) {
    all.push_back("message " + std::to_string(i));
    rig.publish({all.back()});
  }
  rig.store_all();
  CHECK(rig.figures().resident_bytes < 128);
  rig.subscribe(1, 7);
  auto seen = strings{};
  while (rig.figures().length > 0) {
    rig.load_all();
    REQUIRE_FALSE(rig.hands[1].empty());
    seen.push_back(rig.hands[1][0].body);
    rig.ack(1, 1);
  }
  CHECK(seen == all);
  CHECK(rig.figures().resident_bytes == 0);
}

TEST_CASE("queue_machine: what is settled leaves the log") {
  auto rig = queue_rig{};
  rig.subscribe(1, 1000);
  for (int i = 0; i < 5000; ++i) {
    rig.publish({"a", "b"});
    rig.store_all();
    rig.ack(1, 2);
    rig.store_all();
  }
  CHECK(rig.entries() < 600);
  CHECK(rig.machine->figures().length == 0);
}
