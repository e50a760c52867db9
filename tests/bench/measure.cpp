#include "tests/bench/measure.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>

namespace troupe::bench {

namespace {

/// Three digits are all that a shared machine gives.
std::string rounded(double x) {
  char text[64];
  auto digits = x == 0 ? 0 : 2 - static_cast<int>(std::floor(std::log10(x)));
  auto grain = std::pow(10.0, digits);
  std::snprintf(
    text, sizeof text, "%.*f", std::max(digits, 0),
    std::round(x * grain) / grain);
  return text;
}

} // namespace

double processor_seconds() {
  auto used = rusage{};
  ::getrusage(RUSAGE_SELF, &used);
  auto in_seconds = [](const timeval& x) {
    return static_cast<double>(x.tv_sec) + static_cast<double>(x.tv_usec) / 1e6;
  };
  return in_seconds(used.ru_utime) + in_seconds(used.ru_stime);
}

void print(const line& x) {
  auto has_limit = !x.limit_name.empty() && x.limit > 0;
  auto share = has_limit ? rounded(x.value / x.limit) : "-";
  std::printf(
    "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.what.c_str(), rounded(x.value).c_str(),
    x.unit.c_str(), has_limit ? x.limit_name.c_str() : "-",
    has_limit ? rounded(x.limit).c_str() : "-", share.c_str(),
    x.aim.empty() ? "-" : x.aim.c_str());
  std::fflush(stdout);
}

arguments::arguments(int argc, char** argv) {
  if (argc > 1) repetitions = std::atoi(argv[1]);
  if (argc > 2) part = argv[2];
  if (repetitions > 0) return;
  std::fprintf(stderr, "usage: %s [repetitions [part of a name]]\n", argv[0]);
  std::exit(64);
}

} // namespace troupe::bench
