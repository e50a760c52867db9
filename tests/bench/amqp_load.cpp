// Loads a broker with AMQP 0-9-1, and beside it a broker that does nothing:
//   bench_amqp_load PORT PROCESS_IDS [SECONDS [PART_OF_A_NAME [BACKLOG]]]
//   bench_amqp_load PORT PROCESS_IDS SECONDS durable,window=64,queues=10,...
// with the ids of all that the broker consists of, by commas. Prints a row of
// tab-separated columns for each profile, in the order of `columns` below.

#include "tests/bench/amqp_null.hpp"
#include "tests/bench/amqp_profile.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>

using namespace troupe::bench;
using namespace troupe::bench::amqp;

namespace {

constexpr const char* columns =
  "profile\tmsg/s\tdrained/s\tp50 ms\tp99 ms\tbroker cores"
  "\tmsg/core-s\tMiB\tnull msg/s\tnull drained/s\tnull msg/core-s"
  "\tconfirmed/s\tconfirm p50 ms\tconfirm p99 ms";

std::vector<profile> profiles() {
  auto all = std::vector<profile>{
    {.name = "A transient, 16 bytes", .size = 16},
    {.name = "A transient, 100 bytes"},
    {.name = "A transient, 1 KiB", .size = 1024},
    {.name = "A transient, 64 KiB", .size = 65536},
    {.name = "B durable, 100 bytes", .is_durable = true},
    {.name = "C durable, ten queues", .queues = 10, .is_durable = true},
    {.name = "D transient at 5,000/s", .rate = 5000},
    {.name = "D durable at 5,000/s", .is_durable = true, .rate = 5000},
    {.name = "E durable backlog", .is_durable = true, .count = 1'000'000},
  };
  return all;
}

void print_row(const profile& x, const figures& seen, const figures& null) {
  std::printf(
    "%s\t%.0f\t%.0f\t%.3f\t%.3f\t%.2f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f"
    "\t%.0f\t%.3f\t%.3f\n",
    x.name.c_str(), seen.rate, seen.drained, seen.p50, seen.p99, seen.cores,
    seen.per_core, seen.resident, null.rate, null.drained, null.per_core,
    seen.confirmed, seen.confirm_p50, seen.confirm_p99);
  std::fflush(stdout);
}

int usage(const char* name) {
  std::fprintf(
    stderr,
    "usage: %s PORT PROCESS_IDS [SECONDS [PART_OF_A_NAME [BACKLOG]]]\n"
    "instead of a part of a name, a profile: durable[,quorum][,window=N]"
    "[,size=N][,queues=N][,prefix=NAME]\n"
    "columns: %s\n",
    name, columns);
  return 64;
}

/// Returns what is asked for: those that have this in their name, or a profile
/// that is written out.
std::vector<profile> chosen(const std::string& asked) {
  if (auto x = parse_profile(asked)) return {*x};
  auto all = profiles();
  std::erase_if(all, [&](const profile& x) {
    return x.name.find(asked) == std::string::npos;
  });
  return all;
}

void measure_beside_null(const profile& x, const target& broker, double time) {
  auto nothing = null_broker{};
  auto null = measure_traffic(x, nothing.where(), time / 4, 0.2);
  print_row(x, measure_traffic(x, broker, time, time / 4), null);
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3) return usage(argv[0]);
  auto broker = target{
    static_cast<std::uint16_t>(std::atoi(argv[1])), parse_processes(argv[2])};
  auto seconds = argc > 3 ? std::atof(argv[3]) : 8;
  if (broker.port == 0 || broker.processes.empty() || seconds <= 0)
    return usage(argv[0]);
  auto asked = chosen(argc > 4 ? argv[4] : "");
  if (asked.empty()) return usage(argv[0]);
  try {
    for (auto x : asked) {
      if (x.count > 0 && argc > 5)
        x.count = std::strtoull(argv[5], nullptr, 10);
      measure_beside_null(x, broker, seconds);
    }
  } catch (const std::exception& why) {
    std::fprintf(stderr, "%s: %s\n", argv[0], why.what());
    return 1;
  }
}
