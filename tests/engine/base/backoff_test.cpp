#include "engine/base/backoff.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace std::chrono_literals;
using troupe::backoff;

TEST_CASE("backoff: waits grow by the factor up to the longest", "[base]") {
  auto plain = backoff{1s, 3.0, 20s, 0.0};
  CHECK(plain.delay(1, 0) == 1s);
  CHECK(plain.delay(2, 0) == 3s);
  CHECK(plain.delay(3, 0) == 9s);
  CHECK(plain.delay(4, 0) == 20s);
}

TEST_CASE("backoff: a failure numbered 0 counts as the first", "[base]") {
  CHECK(backoff{1s, 3.0, 20s, 0.0}.delay(0, 0) == 1s);
}

TEST_CASE("backoff: many failures stay at the longest wait", "[base]") {
  auto most = std::numeric_limits<std::uint32_t>::max();
  CHECK(backoff{1s, 2.0, 10min, 0.0}.delay(most, 0) == 10min);
}

TEST_CASE("backoff: jitter takes off its share at most", "[base]") {
  auto spread = backoff{1s, 2.0, 10s, 0.2};
  CHECK(spread.delay(1, 0.0) == 1s);
  CHECK(spread.delay(1, 0.5) == 900ms);
  CHECK(spread.delay(1, 1.0) == 800ms);
  CHECK(spread.delay(9, 1.0) == 8s); // of the longest wait, too
}

TEST_CASE("backoff: a factor of one waits always the same", "[base]") {
  CHECK(backoff{5s, 1.0, 10s, 0.0}.delay(7, 0) == 5s);
}
