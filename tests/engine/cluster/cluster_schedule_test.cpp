#include "tests/engine/cluster/random_schedule.hpp"
#include "tests/support/slow_build.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>

using namespace troupe::test;

namespace {

constexpr int schedules = is_slow_build ? 150 : 15'000;

struct total {
  std::uint64_t confirmed = 0;
  std::uint64_t faults = 0;
};

total run_all(std::uint64_t first, std::uint64_t count) {
  auto all = total{};
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    auto schedule = random_schedule{seed, {}, {}, {}};
    schedule.run();
    all.confirmed += schedule.play().truth.confirmed();
    if (schedule.is_fine()) continue;
    ++all.faults;
    std::cerr << schedule.fault() << '\n';
  }
  return all;
}

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  auto text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

} // namespace

TEST_CASE("cluster: what is confirmed survives whatever happens") {
  auto all = run_all(1000, schedules);
  CHECK(all.faults == 0);
  CHECK(all.confirmed > schedules * 10); // it was about something
}

/// CLUSTER_SCHEDULES and CLUSTER_FIRST_SEED say how many, and from which.
TEST_CASE("cluster: a long run of schedules finds nothing", "[.long]") {
  auto count = number_from("CLUSTER_SCHEDULES", 200'000);
  auto all = run_all(number_from("CLUSTER_FIRST_SEED", 1), count);
  std::cerr << count << " schedules, " << all.confirmed << " confirmed, "
            << all.faults << " with a fault\n";
  CHECK(all.faults == 0);
}
