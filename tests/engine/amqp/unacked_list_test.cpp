#include "engine/amqp/unacked_list.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>

using namespace troupe;
using namespace troupe::amqp;

namespace {

/// The same, one entry a delivery.
struct naive_list {
  std::map<std::uint64_t, unacked_run> all;

  void add(const unacked_run& run) {
    for (std::uint32_t i = 0; i < run.count; ++i)
      all[run.tag + i] = {run.tag + i, 1, run.consumer, run.at + i};
  }

  std::vector<unacked_run> take(std::uint64_t tag, bool multiple) {
    auto taken = std::vector<unacked_run>{};
    for (auto it = all.begin(); it != all.end();) {
      auto is_it =
        it->first == tag || (multiple && (tag == 0 || it->first < tag));
      if (is_it) taken.push_back(it->second);
      it = is_it ? all.erase(it) : std::next(it);
    }
    return taken;
  }
};

std::vector<unacked_run> one_by_one(const std::vector<unacked_run>& runs) {
  auto list = naive_list{};
  for (const auto& x : runs) list.add(x);
  return list.take(0, true);
}

} // namespace

TEST_CASE("unacked_list: agrees with a plain list", "[amqp]") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    auto random = std::mt19937{seed};
    auto list = unacked_list{};
    auto naive = naive_list{};
    auto last = std::uint64_t{0};
    auto rolled_back = std::vector<unacked_run>{};
    for (int step = 0; step < 400; ++step) {
      if (random() % 3 == 0) {
        auto run = unacked_run{
          last + 1, static_cast<std::uint32_t>(1 + random() % 6),
          1 + random() % 3, (random() % 2) * 1000 + last};
        last += run.count;
        list.add(run);
        naive.add(run);
        continue;
      }
      auto tag = last == 0 ? 0 : random() % (last + 2);
      auto multiple = random() % 8 == 0;
      auto is_known = (multiple && tag == 0) || naive.all.contains(tag);
      CHECK(list.find(tag).has_value() == naive.all.contains(tag));
      auto taken = std::vector<unacked_run>{};
      REQUIRE(list.take(tag, multiple, taken) == is_known);
      auto expected =
        is_known ? naive.take(tag, multiple) : std::vector<unacked_run>{};
      REQUIRE(one_by_one(taken) == expected);
      if (random() % 4 == 0)
        for (const auto& x : taken) {
          list.put_back(x);
          naive.add(x);
        }
      REQUIRE(list.size() == naive.all.size());
    }
    auto rest = std::vector<unacked_run>{};
    list.take_all(rest);
    CHECK(one_by_one(rest) == naive.take(0, true));
    CHECK(list.size() == 0);
  }
}

TEST_CASE("unacked_list: knows where each consumer is at", "[amqp]") {
  auto list = unacked_list{};
  list.add({1, 2, 7, 100});
  list.add({3, 1, 8, 50});
  list.add({4, 2, 7, 102});
  auto taken = std::vector<unacked_run>{};
  list.take(1, false, taken);
  auto oldest = list.oldest();
  CHECK(oldest == unacked_list::positions{{7, 101}, {8, 50}});
}

TEST_CASE("unacked_list: deliveries of other times are other runs", "[amqp]") {
  auto list = unacked_list{};
  auto early = time_point{};
  list.add({1, 2, 7, 101, early});
  list.add({3, 1, 7, 103, early});
  list.add({4, 1, 7, 104, early + duration{1000}});
  auto seen = std::vector<unacked_run>{};
  list.for_each([&](const unacked_run& run) {
    seen.push_back(run);
    return true;
  });
  CHECK(
    seen
    == std::vector<unacked_run>{
      {1, 3, 7, 101, early}, {4, 1, 7, 104, early + duration{1000}}});
}

TEST_CASE("unacked_list: one delivery can be given more time", "[amqp]") {
  auto list = unacked_list{};
  auto later = time_point{duration{1000}};
  list.add({1, 3, 7, 101});
  CHECK_FALSE(list.extend(0, later));
  CHECK_FALSE(list.extend(4, later));
  CHECK(list.extend(2, later));
  CHECK(list.size() == 3);
  auto all = std::vector<unacked_run>{};
  list.take_all(all);
  CHECK(
    all
    == std::vector<unacked_run>{
      {1, 1, 7, 101, {}}, {2, 1, 7, 102, later, true}, {3, 1, 7, 103, {}}});
}
