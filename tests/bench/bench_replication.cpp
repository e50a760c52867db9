#include "tests/bench/measure.hpp"
#include "tests/bench/replica_host.hpp"
#include "tests/bench/traffic.hpp"

#include <algorithm>
#include <deque>
#include <map>

// Three members in one process, each with its own store, threads and sockets:
// every message is on three disks before it counts.

using namespace troupe;
using namespace troupe::bench;
using namespace std::chrono_literals;

namespace {

constexpr auto warmup = 1s;
constexpr auto duration_measured = 4s;
constexpr std::size_t most_in_batch = 512;

struct figures {
  double rate = 0; // messages a second
  double p50 = 0;  // milliseconds
  double p99 = 0;
};

/// Publishes to all groups in turn, with at most so many messages open.
class load {
public:
  explicit load(std::size_t window) : window_{window} {}

  void end(const ticket_end& x) {
    auto guard = std::lock_guard{mutex_};
    auto found = open_.extract(x.ticket);
    if (!found) return;
    auto [count, at] = found.mapped();
    in_flight_ -= count;
    if (x.is_committed) {
      confirmed_ += count;
      auto took = std::chrono::duration<double, std::milli>(clock::now() - at);
      latencies_.push_back(took.count());
    }
    changed_.notify_all();
  }

  template <class Publish>
  figures run(Publish publish) {
    auto begin = clock::now();
    auto from = begin + warmup;
    auto until = from + duration_measured;
    auto is_warm = false;
    auto group = std::size_t{0};
    while (clock::now() < until) {
      auto [ticket, count] = take_room();
      if (count == 0) continue;
      publish(group, messages_.next(count), ticket);
      group = (group + 1) % 64;
      if (!is_warm && clock::now() >= from) {
        is_warm = true;
        begin = clock::now();
        auto guard = std::lock_guard{mutex_};
        confirmed_ = 0;
        latencies_.clear();
      }
    }
    auto guard = std::lock_guard{mutex_};
    auto time = std::chrono::duration<double>(clock::now() - begin).count();
    return {
      static_cast<double>(confirmed_) / time, quantile(latencies_, 0.5),
      quantile(latencies_, 0.99)};
  }

private:
  std::pair<std::uint64_t, std::size_t> take_room() {
    auto lock = std::unique_lock{mutex_};
    changed_.wait_for(lock, 100ms, [this] { return in_flight_ < window_; });
    auto count = std::min(window_ - in_flight_, most_in_batch);
    if (count == 0) return {0, 0};
    in_flight_ += count;
    open_[++tickets_] = {count, clock::now()};
    return {tickets_, count};
  }

  std::size_t window_;
  traffic messages_;
  std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  std::map<std::uint64_t, std::pair<std::size_t, clock::time_point>> open_;
  std::vector<double> latencies_;
  std::size_t in_flight_ = 0;
  std::size_t confirmed_ = 0;
  std::uint64_t tickets_ = 0;
};

figures replicate(std::size_t window) {
  auto work = load{window};
  auto told = [&](const ticket_end& x) { work.end(x); };
  auto hosts = std::vector<std::unique_ptr<replica_host>>{};
  auto identities = std::vector<cluster::in_sync_member>{};
  auto all = std::map<std::string, known_member>{};
  for (std::uint16_t i = 1; i <= 3; ++i) {
    auto id = cluster::member_id{i};
    hosts.push_back(std::make_unique<replica_host>(id, told));
    identities.push_back(hosts.back()->identity());
    all[replica_host::name(id)] = hosts.back()->known();
  }
  auto records = shared_records{identities};
  for (auto& x : hosts) x->start(records, all);
  auto made = work.run([&](std::size_t group, batch_ptr messages, auto ticket) {
    auto leader = static_cast<std::size_t>(records.leader(group));
    hosts[leader - 1]->publish(group, std::move(messages), ticket);
  });
  hosts.clear();
  return made;
}

void report(
  const arguments& asked, std::size_t window, const std::string& aim) {
  auto what = "replicated to 3 disks, window " + std::to_string(window);
  if (!asked.wants(what)) return;
  auto p50 = std::vector<double>{};
  auto p99 = std::vector<double>{};
  auto folder = bench_folder{};
  auto [rate, limit] = measure(
    asked.repetitions,
    [&] {
      auto made = replicate(window);
      p50.push_back(made.p50);
      p99.push_back(made.p99);
      return made.rate / 1e3;
    },
    [&] {
      auto bytes = std::min(window, most_in_batch) * body_bytes;
      auto a_batch = static_cast<double>(bytes) / body_bytes;
      return synced_writes(folder.path(), bytes) * a_batch / 1e3 / 3;
    });
  print(
    {what, rate, "k msg/s", "3 x fdatasync a batch", limit,
     window > 64 ? aim : ""});
  print({what + ", p50", median(p50), "ms", "", 0, window > 64 ? "" : aim});
  print({what + ", p99", median(p99), "ms"});
}

} // namespace

int main(int argc, char** argv) {
  const auto asked = arguments{argc, argv};
  report(asked, 1, "");
  report(asked, 64, "2");
  report(asked, 8192, "150");
}
