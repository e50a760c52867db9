#include "tests/bench/counting_handler.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/pipeline_rig.hpp"
#include "tests/bench/publisher_actor.hpp"
#include "tests/bench/traffic.hpp"

using namespace troupe::bench;

namespace {

struct run {
  const char* what;
  bool is_durable;
  bool is_ordered;
  std::size_t threads;
  std::uint64_t messages; // about a second's worth
  const char* aim;
};

constexpr run runs[] = {
  {"pipeline, memory", false, false, 1, 4'000'000, ">= 2 M msg/s"},
  {"pipeline, memory, 4 threads", false, false, 4, 4'000'000, ""},
  {"pipeline, memory, by key", false, true, 1, 2'000'000, ""},
  {"pipeline, memory, by key, 4 threads", false, true, 4, 2'000'000, ""},
  {"pipeline, durable", true, false, 1, 1'500'000, ">= 0.5 M msg/s"},
  {"pipeline, durable, 4 threads", true, false, 4, 1'500'000, ""},
  {"pipeline, durable, by key", true, true, 1, 750'000, ""},
  {"pipeline, durable, by key, 4 threads", true, true, 4, 750'000, ""},
};

struct passage {
  double messages = 0;  // a second
  double processor = 0; // nanoseconds of all cores a message
};

/// Measures from the first publish until the last message is confirmed,
/// handled, acked and, in a durable queue, its ack stored.
passage pass(const run& x) {
  auto left = std::make_shared<countdown>(x.messages);
  auto rig =
    pipeline_rig{{x.is_durable, x.is_ordered, x.threads, counts(left)}};
  rig.wait_until_empty(); // until it has recovered
  auto used = processor_seconds();
  auto time = seconds([&] {
    rig.system().spawn<caf::detached>(run_publisher, rig.router(), x.messages);
    left->wait();
    rig.wait_until_empty();
  });
  used = processor_seconds() - used;
  auto count = static_cast<double>(x.messages);
  return {count / time, 1e9 * used / count};
}

/// Messages a second of one hop, or of plain writes with an fsync each.
double limit_of(const run& x) {
  if (!x.is_durable) return hopped_messages(256);
  constexpr std::size_t block = 64 * 1024;
  const auto folder = bench_folder{};
  return synced_writes(folder.path(), block) * block / body_bytes;
}

} // namespace

int main(int argc, char** argv) {
  const auto asked = arguments{argc, argv};
  for (const auto& x : runs) {
    if (!asked.wants(x.what)) continue;
    auto used = std::vector<double>{};
    auto [value, limit] = measure(
      asked.repetitions,
      [&] {
        auto passed = pass(x);
        used.push_back(passed.processor);
        return passed.messages / 1e6;
      },
      [&] { return limit_of(x) / 1e6; });
    print(
      {x.what, value, "M msg/s",
       x.is_durable ? "fdatasync a 64 KiB" : "one hop of 256", limit, x.aim});
    print({std::string{x.what} + ", processor", median(used), "ns/msg"});
  }
}
