#include "engine/amqp/confirm_ledger.hpp"
#include "engine/amqp/frame_reader.hpp"
#include "engine/amqp/methods.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <set>

using namespace troupe;
using namespace troupe::amqp;

namespace {

/// What the ledger tells, as a line: "ack 3+ nack 4".
std::string told(confirm_ledger& by) {
  auto out = std::string{};
  by.put(out, 1);
  auto line = std::string{};
  auto from = frame_reader{};
  from.feed(out);
  for (auto f = from.next(); f.value(); f = from.next()) {
    auto m = decode_method((*f)->payload).value();
    if (!line.empty()) line += ' ';
    if (const auto* ack = std::get_if<basic_ack>(&m)) {
      line += "ack " + std::to_string(ack->delivery_tag);
      if (ack->multiple) line += '+';
    } else {
      auto nack = std::get<basic_nack>(m);
      line += "nack " + std::to_string(nack.delivery_tag);
      if (nack.multiple) line += '+';
    }
  }
  return line;
}

} // namespace

TEST_CASE("confirm_ledger: numbers count from 1", "[amqp]") {
  auto ledger = confirm_ledger{};
  CHECK(ledger.open(1) == 1);
  CHECK(ledger.open(1) == 2);
  ledger.close(1, 1, false);
  CHECK(told(ledger) == "ack 1");
  CHECK(ledger.open(1) == 3);
  CHECK(ledger.open_count() == 2);
}

TEST_CASE("confirm_ledger: many are told at once", "[amqp]") {
  auto ledger = confirm_ledger{};
  for (int i = 0; i < 10; ++i) ledger.open(1);
  ledger.close(1, 7, false);
  CHECK(told(ledger) == "ack 7+");
  ledger.close(8, 3, false);
  CHECK(told(ledger) == "ack 10+");
  CHECK(told(ledger).empty());
}

TEST_CASE("confirm_ledger: a message waits for all its queues", "[amqp]") {
  auto ledger = confirm_ledger{};
  ledger.open(3);
  ledger.close(1, 1, false);
  ledger.close(1, 1, false);
  CHECK(!ledger.has_news());
  ledger.close(1, 1, false);
  CHECK(told(ledger) == "ack 1");
  ledger.close(1, 1, false); // once too often
  CHECK(told(ledger).empty());
}

TEST_CASE("confirm_ledger: an open one does not hold up others", "[amqp]") {
  auto ledger = confirm_ledger{};
  for (int i = 0; i < 4; ++i) ledger.open(1);
  ledger.close(2, 2, false);
  CHECK(told(ledger) == "ack 2 ack 3");
  ledger.close(1, 1, false);
  CHECK(told(ledger) == "ack 1");
  ledger.close(4, 1, false);
  CHECK(told(ledger) == "ack 4");
}

TEST_CASE("confirm_ledger: a refusal by one queue is a nack", "[amqp]") {
  auto ledger = confirm_ledger{};
  for (int i = 0; i < 3; ++i) ledger.open(2);
  ledger.close(1, 3, false);
  ledger.close(2, 1, true);
  ledger.close(1, 1, false);
  ledger.close(3, 1, false);
  CHECK(told(ledger) == "nack 2 ack 3+");
}

TEST_CASE("confirm_ledger: what no queue takes is confirmed", "[amqp]") {
  auto ledger = confirm_ledger{};
  ledger.open(0);
  CHECK(ledger.has_news());
  CHECK(told(ledger) == "ack 1");
}

TEST_CASE("confirm_ledger: every message is told exactly once", "[amqp]") {
  for (unsigned seed = 0; seed < 30; ++seed) {
    auto random = std::mt19937{seed};
    auto ledger = confirm_ledger{};
    auto open = std::set<std::uint64_t>{};    // not closed
    auto waiting = std::set<std::uint64_t>{}; // for the client, not told
    auto refused = std::set<std::uint64_t>{};
    for (int step = 0; step < 300; ++step) {
      if (random() % 2 == 0) {
        auto n = ledger.open(1);
        open.insert(n);
        waiting.insert(n);
      } else if (!open.empty()) {
        auto it = std::next(open.begin(), random() % open.size());
        auto is_refused = random() % 4 == 0;
        if (is_refused) refused.insert(*it);
        ledger.close(*it, 1, is_refused);
        open.erase(it);
      }
      if (random() % 5 != 0) continue;
      auto out = std::string{};
      ledger.put(out, 1);
      auto from = frame_reader{};
      from.feed(out);
      for (auto f = from.next(); f.value(); f = from.next()) {
        auto m = decode_method((*f)->payload).value();
        if (const auto* nack = std::get_if<basic_nack>(&m)) {
          REQUIRE(refused.contains(nack->delivery_tag));
          REQUIRE(waiting.erase(nack->delivery_tag) == 1);
          continue;
        }
        auto ack = std::get<basic_ack>(m);
        REQUIRE(waiting.contains(ack.delivery_tag));
        for (auto n : std::set<std::uint64_t>{waiting}) {
          auto is_it =
            n == ack.delivery_tag || (ack.multiple && n < ack.delivery_tag);
          if (!is_it) continue;
          REQUIRE(!open.contains(n));
          REQUIRE(!refused.contains(n));
          waiting.erase(n);
        }
      }
      REQUIRE(waiting == open);
    }
  }
}

TEST_CASE("confirm_ledger: tells how a commit ended", "[amqp]") {
  auto ledger = confirm_ledger{};
  ledger.open(1);
  ledger.open(1);
  CHECK(!ledger.is_all_closed());
  ledger.close(1, 1, false);
  ledger.close(2, 1, true);
  CHECK(ledger.is_all_closed());
  CHECK(ledger.has_refused());
  ledger.restart();
  CHECK(ledger.open(1) == 3);
  CHECK(!ledger.has_refused());
}
