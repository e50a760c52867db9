#include "engine/base/stable_hash.hpp"
#include "engine/delivery/positions.hpp"
#include "engine/delivery/queue_machine.hpp"
#include "tests/bench/limits.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/traffic.hpp"

#include <map>

using namespace troupe;
using namespace troupe::bench;

namespace {

constexpr std::size_t per_batch = 256;
constexpr int batches = 8000;

queue_options options(bool is_durable, bool is_ordered) {
  auto made = queue_options{};
  made.name = "q";
  made.id = queue_id{1};
  made.is_durable = is_durable;
  if (is_ordered)
    made.key = [](const message& m) { return stable_hash(m.routing_key()); };
  return made;
}

/// Settlements as a consumer sends them: runs, by partition.
std::map<std::uint16_t, settlement> ack(const std::vector<loaned_run>& runs) {
  auto all = std::map<std::uint16_t, settlement>{};
  for (const auto& run : runs) {
    auto& to = all[partition_of(run.at)];
    to.partition = partition_of(run.at);
    auto& acked = to.acked;
    if (!acked.empty() && acked.back().first + acked.back().count == run.at)
      acked.back().count += run.count;
    else
      acked.push_back({run.at, run.count});
  }
  return all;
}

/// Carries out what the machine wants, with a disk and consumers that take no
/// time.
class instant_world {
public:
  explicit instant_world(queue_options asked) : machine_{std::move(asked)} {
    auto consumer = subscription{};
    consumer.id = consumer_id{1};
    consumer.credit = 256;
    machine_.on_subscribe(consumer);
  }

  std::uint64_t pass(batch_ptr messages) {
    machine_.on_publish({++ticket_, 0, "", {}, std::move(messages)}, now_);
    while (act()) {
    }
    return machine_.figures().acked;
  }

private:
  bool act() {
    machine_.lend();
    auto todo = machine_.take_actions();
    for (const auto& x : todo.appends)
      machine_.on_stored(x.partition, ++last_index_);
    for (const auto& x : todo.deliveries)
      for (auto& [partition, what] : ack(x.runs))
        machine_.on_settle(x.to, 1, std::move(what), now_, 0);
    return !todo.appends.empty() || !todo.deliveries.empty();
  }

  queue_machine machine_;
  time_point now_{std::chrono::hours{1}};
  std::uint64_t ticket_ = 0;
  log_index last_index_ = 0;
};

double passed_messages(bool is_durable, bool is_ordered) {
  auto source = traffic{};
  auto ready = std::vector<batch_ptr>{};
  for (int i = 0; i < 64; ++i) ready.push_back(source.next(per_batch));
  auto world = instant_world{options(is_durable, is_ordered)};
  auto acked = std::uint64_t{0};
  auto time = seconds([&] {
    for (std::size_t i = 0; i < batches; ++i)
      acked = world.pass(ready[i % ready.size()]);
  });
  return static_cast<double>(acked) / time;
}

void run(
  const arguments& asked, const char* what, bool is_durable, bool is_ordered) {
  if (!asked.wants(what)) return;
  auto [value, limit] = measure(
    asked.repetitions,
    [&] { return passed_messages(is_durable, is_ordered) / 1e6; },
    [&] { return hopped_messages(per_batch) / 1e6; });
  print({what, value, "M msg/s", "one hop of 256", limit});
}

} // namespace

int main(int argc, char** argv) {
  const auto asked = arguments{argc, argv};
  run(asked, "queue machine, memory", false, false);
  run(asked, "queue machine, durable", true, false);
  run(asked, "queue machine, memory, by key", false, true);
  run(asked, "queue machine, durable, by key", true, true);
}
