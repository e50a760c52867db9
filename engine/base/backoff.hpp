#pragma once

#include "engine/base/clock.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace troupe {

/// How long to wait before trying again: each wait `factor` times the one
/// before, up to `max`, less a random share of at most `jitter` so that many
/// who failed together do not come back together.
struct backoff {
  duration initial = std::chrono::seconds{1};
  double factor = 2.0; // at least 1
  duration max = std::chrono::minutes{10};
  double jitter = 0.2; // 0 to 1

  /// Returns the wait after failure `n` (from 1). `random` is from 0 to 1.
  duration delay(std::uint32_t n, double random) const {
    auto grown = static_cast<double>(initial.count())
                 * std::pow(factor, std::max(n, 1u) - 1);
    auto capped = std::min(grown, static_cast<double>(max.count()));
    return duration{static_cast<duration::rep>(capped * (1 - jitter * random))};
  }

  bool operator==(const backoff&) const = default;
};

} // namespace troupe
