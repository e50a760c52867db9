#include "engine/delivery/positions.hpp"
#include "tests/support/handler_rig.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace troupe;
using namespace troupe::test;
using positions = std::vector<position>;

namespace {

outcome by_body(const message& m, context&) {
  if (m.body().ends_with("throw")) throw std::runtime_error{"boom"};
  if (m.body().ends_with("retry")) return retry("not now");
  if (m.body().ends_with("dead")) return dead_letter("no good");
  return ack();
}

} // namespace

TEST_CASE("handler_runner: acks what the handler acks") {
  auto rig = runner_rig{stage_of(by_body)};
  CHECK_FALSE(rig.runner.run({run_of({"a", "b"}, 5)}));
  CHECK(rig.acked() == positions{5, 6});
}

TEST_CASE("handler_runner: a throw fails its message and stops there") {
  auto rig = runner_rig{stage_of(by_body)};
  CHECK(rig.runner.run({run_of({"a", "throw", "c"})}) == "boom");
  CHECK(rig.acked() == positions{1});
  REQUIRE(rig.failed().size() == 1);
  CHECK(rig.failed()[0].at == 2);
  CHECK(rig.failed()[0].why.error_class == "exception");
  CHECK(rig.failed()[0].why.text == "boom");
  CHECK(rig.returned().empty());
}

TEST_CASE("handler_runner: a dead letter is final, a retry is not") {
  auto rig = runner_rig{stage_of(by_body)};
  rig.runner.run({run_of({"dead", "retry"})});
  REQUIRE(rig.failed().size() == 2);
  CHECK(rig.failed()[0].is_final);
  CHECK(rig.failed()[0].why.text == "no good");
  CHECK_FALSE(rig.failed()[1].is_final);
}

TEST_CASE("handler_runner: a failed key's later messages go back") {
  auto rig = runner_rig{by_key(stage_of(by_body))};
  rig.runner.run({run_of({"k:retry", "k:2", "j:1", "k:3"})});
  CHECK(rig.returned() == positions{2, 4});
  CHECK(rig.acked() == positions{3});
}

TEST_CASE("handler_runner: a key is free again with its failed message") {
  auto rig = runner_rig{by_key(stage_of(by_body))};
  rig.runner.run({run_of({"k:retry"}, 1)});
  rig.runner.run({run_of({"k:2"}, 2)});
  CHECK(rig.returned() == positions{2});
  rig.runner.run({run_of({"k:again"}, 1, 2), run_of({"k:2"}, 2)});
  CHECK(rig.acked() == positions{1, 2});
}

TEST_CASE("handler_runner: a key is free again once its failure is settled") {
  auto rig = runner_rig{by_key(stage_of(by_body))};
  rig.runner.run({run_of({"k:retry"}, 1)});
  rig.runner.on_settled(rig.sent.back().first);
  rig.runner.run({run_of({"k:2"}, 2)});
  CHECK(rig.acked() == positions{2});
}

TEST_CASE("handler_runner: what is emitted goes with its message's ack") {
  auto rig = runner_rig{stage_of([](const message& m, context& c) {
    c.emit("alerts", {.body = std::string{m.body()} + "!"});
    return m.body() == "bad" ? dead_letter("bad") : ack();
  })};
  rig.runner.run({run_of({"a", "bad", "b"})});
  REQUIRE(rig.sent.size() == 1);
  auto& emits = rig.sent[0].second.emits;
  REQUIRE(emits.size() == 1);
  CHECK(emits[0].output == "h.alerts");
  REQUIRE(emits[0].messages->size() == 2);
  CHECK((*emits[0].messages)[0].body() == "a!");
  CHECK((*emits[0].messages)[1].body() == "b!");
}

TEST_CASE("handler_runner: what is done is sent while there is more to do") {
  auto rig = runner_rig{stage_of([](const message& m, context&) {
    if (m.body() == "slow") runner_rig::time += std::chrono::milliseconds{1};
    return ack();
  })};
  rig.runner.run({run_of({"a", "slow", "b", "c"})});
  REQUIRE(rig.sent.size() == 2);
  CHECK(rig.acked() == positions{1, 2, 3, 4});
  rig.sent.resize(1);
  CHECK(rig.acked() == positions{1, 2});
}

TEST_CASE("handler_runner: emitting where nobody reads crashes with a cure") {
  auto rig = runner_rig{stage_of([](const message&, context& c) {
    c.emit("nowhere", {.body = "x"});
    return ack();
  })};
  auto crash = rig.runner.run({run_of({"a"})});
  REQUIRE(crash);
  CHECK(crash->find("'h.nowhere'") != std::string::npos);
  CHECK(crash->find("inputs") != std::string::npos);
}

TEST_CASE("handler_runner: sees its own changes before they are committed") {
  auto seen = std::vector<std::string>{};
  auto rig = runner_rig{by_key(stage_of([&](const message& m, context& c) {
    seen.push_back(c.state().get("last").value_or("none"));
    c.state().put("last", std::string{m.body()});
    return ack();
  }))};
  rig.runner.run({run_of({"k:1", "j:1", "k:2"})});
  CHECK(seen == std::vector<std::string>{"none", "none", "k:1"});
  REQUIRE(rig.sent.size() == 1);
  auto& changes = rig.sent[0].second.changes;
  REQUIRE(changes.size() == 3);
  CHECK(changes[2] == state_change{"h", "k", "last", "k:2"});
  // Once committed, the store is asked; here it has nothing.
  rig.runner.on_settled(rig.sent[0].first);
  rig.runner.run({run_of({"k:3"}, 9)});
  CHECK(seen.back() == "none");
}

TEST_CASE("handler_runner: a message that fails changes no state") {
  auto rig = runner_rig{by_key(stage_of([](const message&, context& c) {
    c.state().put("x", "1");
    return retry("later");
  }))};
  rig.runner.run({run_of({"k:1"})});
  CHECK(rig.sent[0].second.changes.empty());
}

TEST_CASE("handler_runner: state needs an order or a single thread") {
  auto of = stage_of([](const message&, context& c) {
    c.state();
    return ack();
  });
  of.is_alone = false;
  auto rig = runner_rig{of};
  auto crash = rig.runner.run({run_of({"a"})});
  REQUIRE(crash);
  CHECK(crash->find("threads = 1") != std::string::npos);
}

TEST_CASE(
  "handler_runner: partitions are settled apart, the last is numbered") {
  auto rig = runner_rig{by_key(stage_of(by_body))};
  auto other = partition_start(3) + 1;
  rig.runner.run({run_of({"a:1"}, 1), run_of({"b:1"}, other)});
  REQUIRE(rig.sent.size() == 2);
  CHECK(rig.sent[0].first == 0);
  CHECK(rig.sent[1].first == 1);
  CHECK(rig.sent[0].second.partition == 0);
  CHECK(rig.sent[1].second.partition == 3);
}

TEST_CASE("handler_runner: a batch that throws fails whole, then runs alone") {
  auto sizes = std::vector<std::size_t>{};
  auto rig = runner_rig{batch_stage_of([&](std::span<work> batch) {
    sizes.push_back(batch.size());
    for (auto& x : batch)
      if (x.message.body() == "bad") throw std::runtime_error{"boom"};
  })};
  CHECK(rig.runner.run({run_of({"a", "bad"}, 1)}));
  CHECK(rig.failed().size() == 2);
  CHECK_FALSE(rig.runner.run({run_of({"a"}, 1, 2), run_of({"b", "c"}, 3)}));
  CHECK(sizes == std::vector<std::size_t>{2, 1, 2});
  CHECK(rig.acked() == positions{1, 3, 4});
}

TEST_CASE("handler_runner: can be flushed while a message runs") {
  auto* self = static_cast<runner_rig*>(nullptr);
  auto seen = positions{};
  auto rig = runner_rig{stage_of([&](const message& m, context&) {
    if (m.body() == "slow") {
      self->runner.flush();
      seen = self->acked();
    }
    return ack();
  })};
  self = &rig;
  rig.runner.run({run_of({"a", "b", "slow"})});
  CHECK(seen == positions{1, 2});
  CHECK(rig.acked() == positions{1, 2, 3});
}

TEST_CASE("handler_runner: gives back all that is not begun when it finishes") {
  auto* self = static_cast<handler_runner*>(nullptr);
  auto rig = runner_rig{stage_of([&](const message&, context&) {
    self->finish();
    return ack();
  })};
  self = &rig.runner;
  rig.runner.run({run_of({"a", "b", "c"})});
  CHECK(rig.acked() == positions{1});
  CHECK(rig.returned() == positions{2, 3});
}
