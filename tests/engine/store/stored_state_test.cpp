#include "engine/store/log_store.hpp"
#include "tests/engine/store/store_play.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

/// A handler's state in one group, beside that of others and in others.
struct kept_state {
  kept_state() {
    auto options = store_options{};
    options.folder = folder.path();
    store = log_store::open(options).value();
    auto request = commit_request{};
    for (const auto& [scope, name] :
         std::vector<std::pair<std::string, std::string>>{
           {"", "x"}, {"a", "x"}, {"a", "y"}, {"b", ""}})
      request.changes.push_back({group, {"h", scope, name, scope + name}});
    request.changes.push_back({group, {"g", "a", "x", "of another handler"}});
    request.changes.push_back({group, {"hh", "a", "x", "of another handler"}});
    request.changes.push_back({group_id{6}, {"h", "a", "x", "elsewhere"}});
    REQUIRE(store->commit(request).has_value());
  }

  /// Returns up to so many values behind a place.
  std::vector<std::string> values(
    const std::optional<log_store::state_cursor>& after, std::size_t most) {
    auto seen = std::vector<std::string>{};
    auto done = store->scan_state(
      group, "h", after, [&](auto, auto, std::string_view value) {
        seen.emplace_back(value);
        return seen.size() < most;
      });
    REQUIRE(done.has_value());
    return seen;
  }

  temp_folder folder;
  std::unique_ptr<log_store> store;
};

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("stored_state: a group shows what one handler has in it", "[store]") {
  auto kept = kept_state{};
  CHECK(kept.values({}, 100) == texts{"x", "ax", "ay", "b"});
}

TEST_CASE("stored_state: it is shown as long as it is wanted", "[store]") {
  auto kept = kept_state{};
  CHECK(kept.values({}, 2) == texts{"x", "ax"});
}

TEST_CASE("stored_state: one goes on behind where one was", "[store]") {
  auto kept = kept_state{};
  CHECK(kept.values({{"a", "x"}}, 100) == texts{"ay", "b"});
  CHECK(kept.values({{"b", ""}}, 100).empty());
}

TEST_CASE("stored_state: one goes on where the last has gone", "[store]") {
  auto kept = kept_state{};
  CHECK(kept.values({{"a", "w"}}, 100) == texts{"ax", "ay", "b"});
}
