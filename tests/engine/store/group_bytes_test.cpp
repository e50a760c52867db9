#include "tests/engine/store/store_play.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Returns text that does not get smaller by compression.
std::string noise(std::size_t size) {
  auto random = std::mt19937{7};
  auto made = std::string{};
  while (made.size() < size) made += static_cast<char>(random());
  return made;
}

} // namespace

TEST_CASE("log_store: a group's bytes are those of its entries and state") {
  // It is an estimate: one of many.
  constexpr auto size = std::size_t{1024 * 1024};
  const auto each = GENERATE(as<std::size_t>{}, 1024, 8192); // some lie apart
  const auto count = size / each;
  const auto all = noise(size);
  auto is_flushed = GENERATE(false, true);
  auto folder = temp_folder{};
  auto store = log_store::open(options_in(folder.path())).value();
  auto request = commit_request{};
  for (std::size_t i = 1; i <= count; ++i) {
    const auto text = all.substr((i - 1) * each, each);
    request.appends.push_back(append_to(group_id{5}, published(i, text)));
    request.changes.push_back(
      {group_id{63}, {"counter", "", std::to_string(i), text}});
  }
  REQUIRE(store->commit(request).has_value());
  if (is_flushed) REQUIRE(store->flush().has_value());
  for (auto group : {group_id{5}, group_id{63}}) {
    CHECK(store->group_bytes(group) > size / 2);
    CHECK(store->group_bytes(group) < 2 * size);
  }
  for (auto group : {group_id{0}, group_id{4}, group_id{6}, group_id{62}})
    CHECK(store->group_bytes(group) < size / 10);
}
