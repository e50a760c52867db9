#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::bench {

using clock = std::chrono::steady_clock;

/// Returns the seconds `work` takes.
template <class Work>
double seconds(Work work) {
  auto start = clock::now();
  work();
  return std::chrono::duration<double>(clock::now() - start).count();
}

/// Returns the seconds of all cores that this process has used so far. Others
/// on the machine disturb this far less than they disturb the clock.
double processor_seconds();

/// Returns the middle one; of none, zero.
inline double median(std::vector<double> all) {
  if (all.empty()) return 0;
  auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::ranges::nth_element(all, middle);
  return *middle;
}

/// Returns the value that the share `part` (0 to 1) of all lies below.
inline double quantile(std::vector<double>& all, double part) {
  if (all.empty()) return 0;
  auto rank =
    static_cast<std::ptrdiff_t>(part * static_cast<double>(all.size() - 1));
  std::ranges::nth_element(all, all.begin() + rank);
  return all[static_cast<std::size_t>(rank)];
}

/// Something measured, and the machine's own limit measured between its
/// repetitions, so that both saw the same machine.
struct pair_of_medians {
  double value = 0;
  double limit = 0;
};

template <class Value, class Limit>
pair_of_medians measure(int repetitions, Value value, Limit limit) {
  auto values = std::vector<double>{};
  auto limits = std::vector<double>{};
  for (int i = 0; i < repetitions; ++i) {
    limits.push_back(limit());
    values.push_back(value());
    limits.push_back(limit());
  }
  return {median(std::move(values)), median(std::move(limits))};
}

/// One line of the table that tests/bench/run.sh prints.
struct line {
  std::string what;
  double value = 0;
  std::string unit;
  std::string limit_name = {}; // empty: nothing to compare with
  double limit = 0;            // in the same unit
  std::string aim = {};        // as the performance page states it
};

/// Prints tab-separated columns: what, value, unit, limit's name, limit, share
/// of the limit, aim.
void print(const line& x);

/// What a bench program is started with: `bench_x [repetitions [part]]`.
struct arguments {
  int repetitions = 3;
  std::string part; // runs only what has this in its name

  arguments(int argc, char** argv);
  bool wants(const std::string& what) const {
    return what.find(part) != std::string::npos;
  }
};

} // namespace troupe::bench
