#pragma once

#include "engine/handlers/handler_runner.hpp"
#include "tests/support/builders.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// A handler made of a function.
class function_handler final : public handler {
public:
  using function = std::function<outcome(const message&, context&)>;
  explicit function_handler(function f) : f_{std::move(f)} {}
  outcome handle(const message& m, context& c) override { return f_(m, c); }

private:
  function f_;
};

class function_batch_handler final : public batch_handler {
public:
  using function = std::function<void(std::span<work>)>;
  explicit function_batch_handler(function f) : f_{std::move(f)} {}
  void handle_batch(std::span<work> batch) override { f_(batch); }

private:
  function f_;
};

inline stage stage_of(function_handler::function f) {
  auto made = stage{};
  made.name = "h";
  made.factory = [f](const settings&) -> any_handler {
    return std::make_unique<function_handler>(f);
  };
  made.outputs = {"h", "h.alerts"};
  made.read_state = [](auto...) { return std::nullopt; };
  return made;
}

inline stage batch_stage_of(function_batch_handler::function f) {
  auto made = stage_of({});
  made.factory = [f](const settings&) -> any_handler {
    return std::make_unique<function_batch_handler>(f);
  };
  return made;
}

/// Makes the routing key the order key.
inline stage by_key(stage made) {
  made.key = [](const message& m, std::string&) { return m.routing_key(); };
  return made;
}

/// A run of messages at positions from `at` on.
inline loaned_run run_of(
  const std::vector<std::string>& bodies,
  position at = 1,
  std::uint32_t attempt = 1) {
  auto messages = batch_of(bodies);
  auto count = static_cast<std::uint32_t>(messages->size());
  return {std::move(messages), 0, count, at, {}, attempt};
}

/// A runner that keeps what it sends.
struct runner_rig {
  explicit runner_rig(stage what)
    : of{std::move(what)},
      runner{
        of,
        [this](std::uint64_t number, std::vector<settlement> all) {
          for (auto& x : all)
            sent.emplace_back(&x == &all.back() ? number : 0, std::move(x));
        },
        &runner_rig::now} {}

  /// Stands still, so that no settlement is due before its delivery ends,
  /// unless a test winds it on.
  static std::chrono::steady_clock::time_point now() { return time; }
  static inline std::chrono::steady_clock::time_point time{};

  /// All positions of one kind that were sent, in order.
  std::vector<position> acked() const {
    auto all = std::vector<position>{};
    for (const auto& [number, x] : sent) append(all, x.acked);
    return all;
  }
  std::vector<position> returned() const {
    auto all = std::vector<position>{};
    for (const auto& [number, x] : sent) append(all, x.returned);
    return all;
  }
  std::vector<failure> failed() const {
    auto all = std::vector<failure>{};
    for (const auto& [number, x] : sent)
      all.insert(all.end(), x.failed.begin(), x.failed.end());
    return all;
  }

  stage of;
  std::vector<std::pair<std::uint64_t, settlement>> sent;
  handler_runner runner;

private:
  static void
  append(std::vector<position>& to, const std::vector<position_run>& runs) {
    for (const auto& run : runs)
      for (std::uint32_t i = 0; i < run.count; ++i) to.push_back(run.first + i);
  }
};

} // namespace troupe::test
