#include "tests/bench/measure.hpp"
#include "tests/bench/pipeline_rig.hpp"
#include "tests/bench/traffic.hpp"

#include <caf/send.hpp>

#include <cstring>
#include <mutex>
#include <thread>

using namespace troupe;
using namespace troupe::bench;

namespace {

constexpr auto interval = std::chrono::microseconds{200}; // 5,000 a second
constexpr std::size_t messages = 15'000;

/// Milliseconds from when each message was due to when its handler started.
class delays {
public:
  void add(double milliseconds) {
    auto guard = std::lock_guard{lock_};
    all_.push_back(milliseconds);
  }

  std::size_t size() const {
    auto guard = std::lock_guard{lock_};
    return all_.size();
  }

  std::vector<double> take() {
    auto guard = std::lock_guard{lock_};
    return std::exchange(all_, {});
  }

private:
  mutable std::mutex lock_;
  std::vector<double> all_;
};

/// Reads when the message was due from its body.
class clocking_handler final : public handler {
public:
  explicit clocking_handler(delays& to) : to_{to} {}

  outcome handle(const message& m, context&) override {
    auto due = clock::rep{};
    std::memcpy(&due, m.body().data(), sizeof due);
    auto passed = clock::now().time_since_epoch() - clock::duration{due};
    to_.add(std::chrono::duration<double, std::milli>(passed).count());
    return ack();
  }

private:
  delays& to_;
};

/// Publishes each message when it is due, however the pipeline is doing.
void publish_on_time(const router_actor& router) {
  auto source = traffic{};
  auto due = clock::now();
  for (std::uint64_t i = 0; i < messages; ++i) {
    due += interval;
    std::this_thread::sleep_until(due);
    auto stamp = static_cast<std::uint64_t>(due.time_since_epoch().count());
    caf::anon_send(
      router, router::publish_output{
                i, "in", "source:bench", {i + 1}, source.next(1, stamp)});
  }
}

std::vector<double> measured(bool is_durable) {
  auto seen = delays{};
  auto factory = [&](const settings&) -> any_handler {
    return std::make_unique<clocking_handler>(seen);
  };
  auto rig = pipeline_rig{{is_durable, false, 1, factory}};
  rig.wait_until_empty();
  publish_on_time(rig.router());
  while (seen.size() < messages) rig.wait_until_empty();
  return seen.take();
}

/// What a sleep of the same length is late by: the machine's share of it.
std::vector<double> sleep_delays() {
  auto all = std::vector<double>{};
  auto due = clock::now();
  for (std::size_t i = 0; i < messages / 3; ++i) {
    due += interval;
    std::this_thread::sleep_until(due);
    auto late = std::chrono::duration<double, std::milli>(clock::now() - due);
    all.push_back(late.count());
  }
  return all;
}

void report(const arguments& asked, const std::string& what, bool is_durable) {
  if (!asked.wants(what)) return;
  auto values = std::map<double, std::vector<double>>{};
  auto limits = values;
  for (int i = 0; i < asked.repetitions; ++i) {
    auto late = sleep_delays();
    auto seen = measured(is_durable);
    for (auto part : {0.5, 0.99, 0.999}) {
      values[part].push_back(quantile(seen, part));
      limits[part].push_back(quantile(late, part));
    }
  }
  auto aim = [&](double part) {
    return part == 0.99 && !is_durable ? "< 2 ms" : "";
  };
  for (auto& [part, all] : values) {
    auto name = what + (part == 0.5 ? " p50" : part == 0.99 ? " p99" : " p99.9");
    print(
      {name, median(all), "ms", "a sleep's delay", median(limits[part]),
       aim(part)});
  }
}

} // namespace

int main(int argc, char** argv) {
  const auto asked = arguments{argc, argv};
  report(asked, "latency, memory", false);
  report(asked, "latency, durable", true);
}
