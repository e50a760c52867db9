#include "config/units.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("units: durations are whole numbers with a unit") {
  CHECK(parse_duration("5ms") == 5ms);
  CHECK(parse_duration("30s") == 30s);
  CHECK(parse_duration("10m") == 10min);
  CHECK(parse_duration("1h") == 1h);
  CHECK(parse_duration("2d") == 48h);
  CHECK(parse_duration("0s") == 0s);
}

TEST_CASE("units: what is no duration gives nothing") {
  for (auto text :
       {"", "s", "30", "-1s", "+1s", "1.5s", "30 s", " 30s", "30S", "1h30m",
        "99999999999999999999s", "18446744073709551615d", "36501d"})
    CHECK_FALSE(parse_duration(text));
  CHECK(parse_duration("36500d"));
}

TEST_CASE("units: sizes count in thousands and in 1024s") {
  CHECK(parse_size("1B") == 1u);
  CHECK(parse_size("10kB") == 10'000u);
  CHECK(parse_size("64MiB") == 64u * 1024 * 1024);
  CHECK(parse_size("2GB") == 2'000'000'000u);
  CHECK(parse_size("3TiB") == 3ull << 40);
}

TEST_CASE("units: what is no size gives nothing") {
  for (auto text :
       {"", "64", "64mib", "MiB", "-1B", "1.5MiB", "64 MiB",
        "9223372036854775808B", "99999999TiB"})
    CHECK_FALSE(parse_size(text));
}

TEST_CASE("units: text is in the largest unit that is exact") {
  CHECK(duration_text(90s) == "90s");
  CHECK(duration_text(2min) == "2m");
  CHECK(duration_text(1500ms) == "1500ms");
  CHECK(duration_text(0ms) == "0ms");
  CHECK(size_text(16 * 1024 * 1024) == "16MiB");
  CHECK(size_text(10'000) == "10kB");
  CHECK(size_text(0) == "0B");
}

TEST_CASE("units: what is written reads back") {
  for (std::uint64_t n : {0ull, 1ull, 999ull, 86'400'000ull, 123'456'789ull}) {
    auto time = duration{static_cast<duration::rep>(n)};
    CHECK(parse_duration(duration_text(time)) == time);
    CHECK(parse_size(size_text(n)) == n);
  }
}
