#include "engine/cluster/epoch_runs.hpp"

#include <catch2/catch.hpp>

using namespace troupe::cluster;

namespace {

/// Entries 1 to 3 of epoch 1, 4 and 5 of epoch 2, 6 of epoch 4.
epoch_runs three_runs() {
  auto runs = epoch_runs{};
  runs.append(1, 3);
  runs.append(2, 2);
  runs.append(4, 1);
  return runs;
}

} // namespace

TEST_CASE("epoch_runs: an empty log has the mark before all entries") {
  auto runs = epoch_runs{};
  CHECK(runs.end() == log_mark{0, 0});
  CHECK(runs.has({0, 0}));
  CHECK_FALSE(runs.has({1, 1}));
}

TEST_CASE("epoch_runs: each entry has the epoch it was appended in") {
  auto runs = three_runs();
  CHECK(runs.epoch_at(3) == 1);
  CHECK(runs.epoch_at(4) == 2);
  CHECK(runs.end() == log_mark{4, 6});
  CHECK(runs.run_end(4) == 5);
  CHECK(runs.run_end(6) == 6);
  CHECK(runs.runs().size() == 3);
}

TEST_CASE("epoch_runs: truncating leaves what comes before") {
  auto runs = three_runs();
  runs.truncate(5);
  CHECK(runs.end() == log_mark{2, 4});
  runs.truncate(4);
  CHECK(runs.end() == log_mark{1, 3});
  runs.append(5, 1);
  CHECK(runs.end() == log_mark{5, 4});
}

TEST_CASE("epoch_runs: trimming keeps the mark of the last entry trimmed") {
  auto runs = three_runs();
  runs.trim(4);
  CHECK(runs.base() == log_mark{2, 4});
  CHECK(runs.has({2, 4}));
  CHECK_FALSE(runs.has({1, 3}));
  CHECK(runs.epoch_at(5) == 2);
  runs.trim(2); // never back
  CHECK(runs.base() == log_mark{2, 4});
  runs.trim(6);
  CHECK(runs.end() == log_mark{4, 6});
  runs.append(4, 1);
  CHECK(runs.epoch_at(7) == 4);
}

TEST_CASE("epoch_runs: finds the last entry up to an epoch") {
  auto runs = three_runs();
  CHECK(runs.last_up_to(4, 100) == 6);
  CHECK(runs.last_up_to(3, 6) == 5);
  CHECK(runs.last_up_to(1, 5) == 3);
  CHECK(runs.last_up_to(2, 2) == 2);
  CHECK(runs.last_up_to(0, 6) == 0);
  runs.trim(4);
  CHECK(runs.last_up_to(1, 6) == 4);
}

TEST_CASE("epoch_runs: finds the first entry of another epoch") {
  auto runs = three_runs();
  CHECK(runs.first_other(4, 2) == 6);
  CHECK(runs.first_other(4, 1) == 4);
  CHECK(runs.first_other(6, 4) == 7);
  CHECK(runs.first_other(7, 9) == 7);
}

TEST_CASE("epoch_runs: many entries of one epoch take one run") {
  auto runs = epoch_runs{};
  for (int i = 0; i < 100'000; ++i) runs.append(3, 10);
  CHECK(runs.last() == 1'000'000);
  CHECK(runs.runs().size() == 1);
}
