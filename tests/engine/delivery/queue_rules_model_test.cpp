#include "tests/support/queue_rig.hpp"
#include "tests/support/slow_build.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Plays random schedules against a queue with AMQP's rules: publishes with
/// and without expirations, consumers that ack, reject, requeue and die,
/// getters, purges, slow stores, and kills where the queue is durable. Checks
/// at each step that no message is in two hands and that none is missing.
class rules_schedule {
public:
  rules_schedule(std::uint32_t seed, queue_options options)
    : random_{seed}, rig_{std::move(options)} {
    rig_.on_lent = [this](std::uint64_t to, const queue_rig::held& x) {
      check_lent(to, x);
    };
  }

  void play(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      check_sums();
    }
    drain();
    check_end();
  }

private:
  int roll(int sides) {
    return static_cast<int>(random_() % static_cast<unsigned>(sides));
  }

  void step() {
    switch (roll(14)) {
      case 0:
      case 1:
      case 2: publish(); break;
      case 3:
      case 4:
      case 5: rig_.store_one(); break;
      case 6: consume(); break;
      case 7:
      case 8: settle(); break;
      case 9: rig_.wait(duration{roll(800)}); break;
      case 10: rig_.load_all(); break;
      case 11: take_forwards(); break;
      case 12: get(); break;
      case 13: disturb(); break;
    }
  }

  void disturb() {
    auto what = roll(30);
    if (what < 8 && !rig_.hands.empty())
      rig_.leave(rig_.hands.begin()->first);
    else if (what < 14)
      tune();
    else if (what == 14)
      purged_ += rig_.purge();
    else if (what < 18)
      rig_.checkpoint();
    else if (what == 18 && rig_.options.is_durable)
      kill();
  }

  void publish() {
    auto partition = static_cast<std::uint16_t>(roll(rig_.options.partitions));
    auto batch = std::vector<publish_part>{};
    auto& bodies = sent_[rig_.ticket + 1];
    for (int i = roll(6); i >= 0; --i) {
      auto body = "m" + std::to_string(++last_body_);
      bodies.push_back(body);
      batch.push_back(
        roll(4) == 0 ? expiring(body, roll(2000)) : publish_part{body});
    }
    rig_.send(std::move(batch), partition);
  }

  void consume() {
    if (rig_.hands.size() >= 4) return;
    auto asked = subscription{};
    asked.id = consumer_id{++last_consumer_};
    asked.credit = static_cast<std::uint32_t>(roll(6));
    asked.priority = roll(2);
    asked.no_ack = roll(8) == 0;
    asked.window_bytes = roll(3) == 0 ? 40 : 0;
    if (asked.no_ack) no_ack_.insert(last_consumer_);
    rig_.consume(asked);
    rig_.hands[last_consumer_];
  }

  void tune() {
    if (rig_.hands.empty()) return;
    auto id = consumer_id{rig_.hands.begin()->first};
    switch (roll(4)) {
      case 0: rig_.machine->on_written(id, 1000); break;
      case 1: rig_.machine->on_credit(id, 3); break;
      case 2: rig_.machine->on_pause(id, roll(2) == 0); break;
      case 3: rig_.machine->on_cancel(id); break;
    }
    rig_.checkpoint();
  }

  void get() {
    auto no_ack = roll(2) == 0;
    auto id = no_ack ? 1'000'001u : 1'000'000u;
    if (no_ack) no_ack_.insert(id);
    rig_.get(id, no_ack);
  }

  void settle() {
    if (rig_.hands.empty()) return;
    auto count = static_cast<int>(rig_.hands.size());
    auto at = std::next(rig_.hands.begin(), roll(count));
    settle_one(at->first, roll(8));
  }

  void settle_one(std::uint64_t consumer, int how) {
    auto& hand = rig_.hands[consumer];
    if (hand.empty() || no_ack_.contains(consumer)) return;
    auto x = hand.front();
    hand.pop_front();
    auto what = settlement{};
    what.partition = partition_of(x.at);
    auto run = position_run{x.at, 1};
    switch (how) {
      case 4: what.rejected.push_back(run); break;
      case 5: what.requeued.push_back(run); break;
      case 6: what.returned.push_back(run); break;
      case 7: what.unseen.push_back(run); break;
      default:
        what.acked.push_back(run);
        ++ended_[x.body];
        break;
    }
    rig_.settle(consumer, what);
  }

  void kill() {
    take_forwards();
    // Acks that were not committed are not: their messages are lent again.
    ended_.clear();
    no_ack_.clear();
    rig_.kill();
    was_killed_ = true;
    lent_for_good_ = 0;
    purged_ = 0;
  }

  /// The target of dead letters: drops what it has, as a queue does.
  void take_forwards() {
    while (!rig_.forwards.empty()) {
      auto x = std::move(rig_.forwards.front());
      rig_.forwards.pop_front();
      auto& last = arrived_[x.partition];
      for (std::size_t i = 0; i < x.what.messages->size(); ++i) {
        if (x.what.sequences[i] <= last) continue;
        last = x.what.sequences[i];
        ++letters_[std::string{(*x.what.messages)[i].body()}];
      }
      rig_.machine->on_forwarded(x.partition, x.index);
      rig_.checkpoint();
    }
  }

  void check_lent(std::uint64_t to, const queue_rig::held& x) {
    for (const auto& [other, hand] : rig_.hands)
      for (const auto& y : hand) REQUIRE(y.at != x.at);
    REQUIRE(letters_.count(x.body) == 0);
    if (!no_ack_.contains(to)) return;
    ++lent_for_good_;
    ++ended_[x.body];
    drop_later_.push_back(to);
  }

  /// Every message since the start is somewhere.
  void check_sums() {
    for (auto id : std::exchange(drop_later_, {})) rig_.hands[id].clear();
    auto x = rig_.figures();
    REQUIRE(x.ready <= x.length);
    REQUIRE(x.unacked <= x.length);
    if (was_killed_) return;
    auto died = rig_.options.dead_letters ? x.dead_lettered
                                          : x.rejected + x.expired + x.dropped;
    REQUIRE(
      x.published == x.length + x.acked + died + purged_ + lent_for_good_);
  }

  void drain() {
    for (auto& [id, hand] : rig_.hands)
      rig_.machine->on_cancel(consumer_id{id});
    auto last = ++last_consumer_;
    for (int quiet = 0, rounds = 0; quiet < 3; ++rounds) {
      REQUIRE(rounds < 1000);
      rig_.store_all();
      rig_.load_all();
      take_forwards();
      if (!rig_.hands.contains(last)) rig_.consume(last, 5);
      for (auto& [consumer, hand] : std::map{rig_.hands})
        for (std::size_t i = 0; i < hand.size(); ++i) settle_one(consumer, 0);
      rig_.wait(1ms);
      check_sums();
      quiet = rig_.figures().length == 0 ? quiet + 1 : 0;
    }
    take_forwards();
  }

  void check_end() {
    auto x = rig_.figures();
    REQUIRE(x.ready == 0);
    REQUIRE(x.ready_bytes == 0);
    REQUIRE(x.on_loan == 0);
    REQUIRE(x.resident_bytes == 0);
    REQUIRE(x.held_confirms == 0);
    for (const auto& [at, times] : rig_.settled) REQUIRE(times == 1);
    for (const auto& [body, times] : letters_) {
      REQUIRE(times == 1);
      REQUIRE(ended_.count(body) == 0);
    }
    for (const auto& [body, times] : ended_) {
      INFO(body);
      REQUIRE(times == 1);
    }
    auto answered = std::set<std::uint64_t>{};
    for (const auto& answer : rig_.answers)
      REQUIRE(answered.insert(answer.ticket).second);
    if (!rig_.options.is_durable) {
      REQUIRE(answered.size() == sent_.size());
      REQUIRE(rig_.entries() == 0);
    }
  }

  std::minstd_rand random_;
  queue_rig rig_;
  std::uint64_t last_consumer_ = 0;
  std::uint64_t last_body_ = 0;
  std::uint64_t purged_ = 0;
  std::uint64_t lent_for_good_ = 0;
  bool was_killed_ = false;
  std::map<std::uint64_t, std::vector<std::string>> sent_; // by ticket
  std::map<std::uint16_t, std::uint64_t> arrived_;
  std::map<std::string, int> letters_;
  std::map<std::string, int> ended_; // acked, or lent for good
  std::set<std::uint64_t> no_ack_;
  std::vector<std::uint64_t> drop_later_;
};

} // namespace

TEST_CASE("queue_rules: no message is in two hands, none is missing") {
  auto options = queue_options{};
  options.is_durable = GENERATE(false, true);
  options.lends_unstored = options.is_durable && GENERATE(false, true);
  if (GENERATE(false, true))
    options.dead_letters = dead_letter_rule{"amqp:/", "dlx", {}, true};
  SECTION("plain") {}
  SECTION("few bodies in memory") { options.resident_limit = 60; }
  SECTION("by priority") {
    options.by_priority = true;
    options.partitions = 5;
  }
  SECTION("with its own time, few bodies in memory") {
    options.message_ttl = 700ms;
    options.resident_limit = 60;
  }
  SECTION("dropping the head") {
    options.overflow = overflow::drop_head;
    options.max_length = 5;
    options.max_bytes = 30;
  }
  SECTION("dropping the head, by priority, few bodies in memory") {
    options.overflow = overflow::drop_head;
    options.max_length = 5;
    options.by_priority = true;
    options.partitions = 3;
    options.resident_limit = 60;
  }
  SECTION("one active consumer") { options.is_single_active = true; }
  INFO("durable " << options.is_durable);
  INFO("lends what is not stored yet " << options.lends_unstored);
  for (std::uint32_t seed = 1; seed <= (is_slow_build ? 12 : 40); ++seed) {
    INFO("seed " << seed);
    rules_schedule{seed, options}.play(300);
  }
}
