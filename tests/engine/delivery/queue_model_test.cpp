#include "tests/support/queue_rig.hpp"
#include "tests/support/slow_build.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Plays random schedules against a queue: publishes, slow stores, consumers
/// that ack, fail, give back and die, kills of the whole process. Checks at
/// each step what may never happen, and at the end that nothing is missing.
class schedule {
public:
  schedule(std::uint32_t seed, queue_options options)
    : random_{seed}, rig_{std::move(options)} {
    rig_.on_lent = [this](std::uint64_t to, const queue_rig::held& x) {
      check_lent(to, x);
    };
  }

  void play(int steps) {
    for (int i = 0; i < steps; ++i) step();
    drain();
    check_end();
  }

private:
  int roll(int sides) {
    return static_cast<int>(random_() % static_cast<unsigned>(sides));
  }

  void step() {
    switch (roll(12)) {
      case 0:
      case 1: publish(); break;
      case 2:
      case 3:
      case 4: rig_.store_one(); break;
      case 5: subscribe(); break;
      case 6:
      case 7: settle(); break;
      case 8: rig_.wait(duration{roll(3000)}); break;
      case 9: rig_.load_all(); break;
      case 10: take_forwards(); break;
      case 11:
        if (roll(10) == 0)
          kill();
        else if (roll(3) == 0)
          die();
        break;
    }
  }

  void publish() {
    auto partition = static_cast<std::uint16_t>(roll(rig_.options.partitions));
    auto bodies = std::vector<std::string>{};
    auto sequences = std::vector<std::uint64_t>{};
    // Publishes again from a little before where it was: repeats are dropped.
    auto& next = next_sequence_[partition];
    auto from = std::max<std::int64_t>(1, std::int64_t(next) - roll(4) + 1);
    auto count = 1 + roll(6);
    for (auto s = from; s < from + count; ++s) {
      sequences.push_back(static_cast<std::uint64_t>(s));
      bodies.push_back(body_of(partition, static_cast<std::uint64_t>(s)));
    }
    next = std::max(next, sequences.back());
    waiting_[rig_.ticket + 1] = bodies;
    sent_[rig_.ticket + 1] = {partition, sequences.back()};
    rig_.publish(bodies, "file", sequences, partition);
  }

  /// A key stays in its partition; the number after it rises.
  static std::string body_of(std::uint16_t partition, std::uint64_t s) {
    auto key = "k" + std::to_string(partition) + "-" + std::to_string(s % 3);
    return key + ":" + std::to_string(s);
  }

  void subscribe() {
    if (rig_.hands.size() < 4)
      rig_.subscribe(++last_consumer_, static_cast<std::uint32_t>(1 + roll(6)));
  }

  void settle() {
    if (rig_.hands.empty()) return;
    auto at =
      std::next(rig_.hands.begin(), roll(static_cast<int>(rig_.hands.size())));
    settle_one(at->first, roll(5));
  }

  /// Handles the first message a consumer has, as a consumer would.
  void settle_one(std::uint64_t consumer, int how) {
    auto& hand = rig_.hands[consumer];
    if (hand.empty()) return;
    auto x = hand.front();
    hand.pop_front();
    auto what = settlement{};
    what.partition = partition_of(x.at);
    if (how <= 2) {
      what.acked.push_back({x.at, 1});
      what.emits.push_back({"h", batch_of({x.body})});
    } else {
      auto is_final = how == 4 && roll(4) == 0;
      what.failed.push_back({x.at, {rig_.now, "test", "no"}, {}, is_final});
      for (auto later = hand.begin(); later != hand.end();) {
        auto same = later->key == x.key;
        if (same && rig_.options.key) what.returned.push_back({later->at, 1});
        later = same && rig_.options.key ? hand.erase(later) : ++later;
      }
    }
    rig_.settle(consumer, what);
  }

  void die() {
    if (rig_.hands.empty()) return;
    auto at = rig_.hands.begin();
    auto why = failed_attempt{rig_.now, "crash", "dead"};
    rig_.leave(at->first, failure{0, why, {}, false});
  }

  void kill() {
    for (auto x = rig_.forwards.size(); x > 0; --x)
      if (roll(2) == 0 && !rig_.forwards.empty()) take_forward();
    rig_.forwards.clear();
    // Publishers go on behind the last message that was confirmed.
    next_sequence_.clear();
    for (auto ticket : rig_.confirmed) {
      auto [partition, last] = sent_[ticket];
      auto& next = next_sequence_[partition];
      next = std::max(next, last);
    }
    rig_.kill();
    if (roll(2) == 0) rig_.checkpoint(); // as a stop right after the start
  }

  void take_forwards() {
    while (!rig_.forwards.empty()) take_forward();
  }

  /// The target of emissions: drops what it has, as a queue does.
  void take_forward() {
    auto x = std::move(rig_.forwards.front());
    rig_.forwards.pop_front();
    auto& last = arrived_[x.partition];
    for (std::size_t i = 0; i < x.what.messages->size(); ++i) {
      if (x.what.sequences[i] <= last) continue;
      last = x.what.sequences[i];
      ++done_[std::string{(*x.what.messages)[i].body()}];
    }
    rig_.machine->on_forwarded(x.partition, x.index);
  }

  void check_lent(std::uint64_t to, const queue_rig::held& x) {
    REQUIRE(x.attempt <= 3);
    for (const auto& [other, hand] : rig_.hands)
      for (const auto& y : hand) {
        REQUIRE(y.at != x.at);
        if (!rig_.options.key || y.key != x.key) continue;
        REQUIRE(other == to);
        REQUIRE(y.at < x.at);
      }
  }

  void drain() {
    for (int quiet = 0; quiet < 3;) {
      auto before = rig_.figures().length;
      rig_.store_all();
      rig_.load_all();
      take_forwards();
      if (rig_.hands.empty()) rig_.subscribe(++last_consumer_, 5);
      for (auto& [consumer, hand] : std::map{rig_.hands})
        for (std::size_t i = 0; i < hand.size(); ++i) settle_one(consumer, 0);
      rig_.wait(10min);
      quiet = rig_.figures().length == 0 && before == 0 ? quiet + 1 : 0;
    }
    take_forwards();
  }

  void check_end() {
    for (const auto& [at, times] : rig_.settled) REQUIRE(times == 1);
    for (const auto& [body, times] : done_) REQUIRE(times == 1);
    for (auto ticket : rig_.confirmed)
      for (const auto& body : waiting_[ticket]) {
        INFO("confirmed and gone: " << body);
        REQUIRE(done_[body] == 1);
      }
    REQUIRE(rig_.figures().resident_bytes == 0);
    REQUIRE(rig_.figures().on_loan == 0);
  }

  std::minstd_rand random_;
  queue_rig rig_;
  std::uint64_t last_consumer_ = 0;
  std::map<std::uint16_t, std::uint64_t> next_sequence_;
  std::map<std::uint64_t, std::vector<std::string>> waiting_; // by ticket
  std::map<std::uint64_t, std::pair<std::uint16_t, std::uint64_t>> sent_;
  std::map<std::uint16_t, std::uint64_t> arrived_;
  std::map<std::string, int> done_; // emitted or dead, by body
};

} // namespace

TEST_CASE(
  "queue_machine: loses, repeats and reorders nothing, whatever comes") {
  auto lends_unstored = GENERATE(false, true);
  auto options = queue_options{};
  SECTION("without order") {}
  SECTION("by key") { options = queue_rig::by_key(); }
  SECTION("by key in partitions") { options = queue_rig::by_key(4); }
  SECTION("with few bodies in memory") { options.resident_limit = 60; }
  SECTION("by key with few bodies in memory") {
    options = queue_rig::by_key(2);
    options.resident_limit = 60;
  }
  options.lends_unstored = lends_unstored;
  INFO("lends what is not stored yet " << options.lends_unstored);
  for (std::uint32_t seed = 1; seed <= (is_slow_build ? 40 : 150); ++seed) {
    INFO("seed " << seed);
    schedule{seed, options}.play(400);
  }
}
