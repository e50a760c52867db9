#include "engine/store/log_store.hpp"
#include "tests/engine/store/store_play.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr auto other = group_id{255};
using found = std::vector<std::pair<log_index, std::string>>;
using indexes = std::vector<log_index>;

std::unique_ptr<log_store> open_in(const temp_folder& folder) {
  return log_store::open(options_in(folder.path())).value();
}

commit_request erasing(std::vector<log_place> places) {
  auto made = commit_request{};
  made.erases = std::move(places);
  return made;
}

commit_request changing(group_id in, state_change change) {
  auto made = commit_request{};
  made.changes.push_back({in, std::move(change)});
  return made;
}

std::vector<std::string> state_of(const log_store& store) {
  auto lines = std::vector<std::string>{};
  auto done =
    store.scan_state("charge", [&](auto scope, auto name, auto value) {
      lines.push_back(
        std::string{scope} + '/' + std::string{name} + '='
        + std::string{value});
    });
  REQUIRE(done.has_value());
  return lines;
}

} // namespace

TEST_CASE("log_store: indexes count from 1 in each group", "[store]") {
  auto folder = temp_folder{};
  auto store = open_in(folder);
  auto request = commit_request{};
  request.appends = {
    append_to(group, published(1, "a")), append_to(other, published(1, "b")),
    append_to(group, published(2, "c"))};
  CHECK(store->commit(request).value() == indexes{1, 1, 2});
  CHECK(
    store->commit(appending(group, published(3, "d"))).value() == indexes{3});
  CHECK(store->last_index(group) == 3);
  CHECK(store->last_index(group_id{6}) == 0);
}

TEST_CASE("log_store: an entry is read as it was appended", "[store]") {
  auto folder = temp_folder{};
  auto store = open_in(folder);
  for (auto size : {10, 100'000})
    store->commit(appending(group, published(4, std::string(size, 'x'), 3)))
      .value();
  auto entry = store->read({group, 2});
  REQUIRE(entry.has_value());
  const auto& read = std::get<publish_entry>(*entry);
  CHECK(read.first == 4);
  CHECK(read.publisher == "orders.in");
  CHECK(read.messages->size() == 3);
  CHECK((*read.messages)[2].body() == std::string(100'000, 'x'));
  CHECK(store->read({group, 3}).error().code == errc::not_found);
}

TEST_CASE("log_store: a scan shows its group alone, in order", "[store]") {
  auto folder = temp_folder{};
  auto store = open_in(folder);
  for (auto in : {group, group_id{4}, group_id{6}, other})
    for (int i = 0; i < 300; ++i) {
      auto request = appending(in, published(1, std::to_string(i)));
      request.sync = false;
      store->commit(request).value();
    }
  for (auto in : {group, other}) {
    auto seen = stored_in(*store, in);
    REQUIRE(seen.size() == 300);
    CHECK(seen[0] == std::pair{log_index{1}, std::string{"0"}});
    CHECK(seen[299] == std::pair{log_index{300}, std::string{"299"}});
  }
}

TEST_CASE("log_store: a scan ends with its visitor's failure", "[store]") {
  auto folder = temp_folder{};
  auto store = open_in(folder);
  for (int i = 0; i < 3; ++i)
    store->commit(appending(group, published(1, "x"))).value();
  auto calls = 0;
  auto done = store->scan(group, [&](log_index, log_entry&&) -> result<void> {
    ++calls;
    return error{errc::refused, "enough"};
  });
  CHECK(done.error() == error{errc::refused, "enough"});
  CHECK(calls == 1);
}

TEST_CASE("log_store: erased entries are gone, the others stay", "[store]") {
  auto folder = temp_folder{};
  auto store = open_in(folder);
  for (auto text : {"a", "b", "c", "d"})
    store->commit(appending(group, published(1, text))).value();
  store->commit(erasing({{group, 1}, {group, 3}})).value();
  CHECK(stored_in(*store, group) == found{{2, "b"}, {4, "d"}});
  CHECK(store->read({group, 3}).error().code == errc::not_found);
  store->commit(erasing({{group, 2}, {group, 4}})).value();
  CHECK(stored_in(*store, group).empty());
  store->commit(appending(group, published(1, "e"))).value();
  CHECK(stored_in(*store, group) == found{{5, "e"}});
}

TEST_CASE(
  "log_store: indexes go on after a restart, whatever was erased", "[store]") {
  auto folder = temp_folder{};
  {
    auto store = open_in(folder);
    for (int i = 0; i < 3; ++i)
      store->commit(appending(group, published(1, "x"))).value();
    store->commit(erasing({{group, 1}, {group, 2}, {group, 3}})).value();
  }
  auto store = open_in(folder);
  CHECK(store->last_index(group) == 3);
  CHECK(
    store->commit(appending(group, published(1, "y"))).value() == indexes{4});
  CHECK(stored_in(*store, group) == found{{4, "y"}});
}

TEST_CASE("log_store: entries that never were cannot be erased", "[store]") {
  auto folder = temp_folder{};
  auto store = open_in(folder);
  for (auto index : {log_index{0}, log_index{1}}) {
    auto request = appending(group, published(1, "x"));
    request.erases = {{group, index}};
    CHECK(store->commit(request).error().code == errc::bad_input);
  }
  CHECK(stored_in(*store, group).empty());
  CHECK(store->last_index(group) == 0);
}

TEST_CASE(
  "log_store: a handler's state is written, changed and erased", "[store]") {
  auto folder = temp_folder{};
  auto store = open_in(folder);
  auto value = [&](group_id in) {
    return store->state(in, "charge", "anna", "total").value();
  };
  CHECK(value(group) == std::nullopt);
  store->commit(changing(group, {"charge", "anna", "total", "12"})).value();
  CHECK(value(group) == "12");
  CHECK(value(other) == std::nullopt);
  store->commit(changing(group, {"charge", "anna", "total", ""})).value();
  CHECK(value(group) == "");
  store->commit(changing(group, {"charge", "anna", "total", {}})).value();
  CHECK(value(group) == std::nullopt);
}

TEST_CASE("log_store: state is listed by handler over all groups", "[store]") {
  auto folder = temp_folder{};
  auto store = open_in(folder);
  auto request = commit_request{};
  request.changes = {
    {group_id{0}, {"charge", "a", "x", "1"}},
    {group_id{0}, {"charger", "a", "x", "no"}},
    {group_id{0}, {"charg", "ea", "x", "no"}},
    {group_id{3}, {"other", "a", "x", "no"}},
    {group, {"charge", "", "x", "2"}},
    {group, {"charge", "b", "x", "3"}},
    {group_id{6}, {"a", "a", "x", "no"}},
    {other, {"charge", "c", "y", "4"}}};
  store->commit(request).value();
  CHECK(
    state_of(*store)
    == std::vector<std::string>{"a/x=1", "/x=2", "b/x=3", "c/y=4"});
}

TEST_CASE("log_store: a queue keeps its record and its id", "[store]") {
  auto folder = temp_folder{};
  {
    auto store = open_in(folder);
    CHECK(
      store->define_queue("orders", 16).value()
      == queue_record{"orders", queue_id{1}, 16});
    CHECK(store->define_queue("alerts", 1).value().id == queue_id{2});
    CHECK(store->define_queue("orders", 16).value().id == queue_id{1});
  }
  auto store = open_in(folder);
  CHECK(
    store->queues().value()
    == std::vector{
      queue_record{"alerts", queue_id{2}, 1},
      queue_record{"orders", queue_id{1}, 16}});
}

TEST_CASE("log_store: a queue cannot change its partitions", "[store]") {
  auto folder = temp_folder{};
  auto store = open_in(folder);
  store->define_queue("orders", 16).value();
  auto changed = store->define_queue("orders", 32);
  CHECK(changed.error().code == errc::bad_config);
  CHECK(
    changed.error().detail.find("set partitions = 16") != std::string::npos);
  CHECK(store->define_queue("", 1).error().code == errc::bad_input);
  CHECK(store->define_queue("x", 0).error().code == errc::bad_input);
  CHECK(store->define_queue("x", 257).error().code == errc::bad_input);
}

TEST_CASE("log_store: a removed queue's id is not given again", "[store]") {
  auto folder = temp_folder{};
  auto store = open_in(folder);
  store->define_queue("orders", 16).value();
  REQUIRE(store->drop_queue("orders").has_value());
  CHECK(store->queues().value().empty());
  CHECK(
    store->define_queue("orders", 8).value()
    == queue_record{"orders", queue_id{2}, 8});
}

TEST_CASE("log_store: only commits that ask for it cost an fsync", "[store]") {
  auto folder = temp_folder{};
  auto store = open_in(folder);
  auto request = appending(group, published(1, "x"));
  request.sync = false;
  store->commit(request).value();
  CHECK(store->figures().fsyncs == 0);
  store->commit({}).value(); // makes the one before last
  CHECK(store->figures().fsyncs == 1);
  store->commit({}).value(); // nothing left to do
  CHECK(store->figures().fsyncs == 1);
  request.sync = true;
  store->commit(request).value();
  auto figures = store->figures();
  CHECK(figures.fsyncs == 2);
  CHECK(figures.commits == 2);
  CHECK(figures.entries_appended == 2);
  CHECK(figures.bytes_on_disk > 0);
  CHECK(figures.bytes_in_memory > 0);
}

TEST_CASE(
  "log_store: space is low when less is free than asked for", "[store]") {
  auto folder = temp_folder{};
  auto options = options_in(folder.path() / "a");
  options.min_free_bytes = 1;
  options.min_free_share = 0;
  CHECK_FALSE(log_store::open(options).value()->is_low_on_space());
  options.min_free_bytes = ~std::uint64_t{0};
  CHECK(log_store::open(options).value()->is_low_on_space());
  options.min_free_bytes = 1;
  options.min_free_share = 1;
  CHECK(log_store::open(options).value()->is_low_on_space());
}

TEST_CASE("log_store: others read while the owner writes", "[store]") {
  auto folder = temp_folder{};
  auto store = open_in(folder);
  auto is_done = std::atomic<bool>{false};
  auto faults = std::atomic<int>{0};
  auto rounds = std::atomic<int>{0};
  auto reader = std::thread{[&] {
    do {
      auto next = log_index{0};
      auto done = store->scan(
        group, [&](log_index index, log_entry&& entry) -> result<void> {
          if (index <= next || first_body(entry) != std::to_string(index))
            ++faults;
          next = index;
          return {};
        });
      if (!done) ++faults;
      ++rounds;
    } while (!is_done);
  }};
  for (int i = 1; i <= 2000; ++i) {
    auto request = appending(group, published(1, std::to_string(i)));
    if (i > 50) request.erases = {{group, log_index(i - 50)}};
    request.sync = false;
    if (!store->commit(request)) ++faults;
  }
  is_done = true;
  reader.join();
  CHECK(faults == 0);
  CHECK(rounds > 0);
  CHECK(stored_in(*store, group).size() == 50);
}
