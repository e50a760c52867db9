#include "tests/engine/store/store_play.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::uint64_t mebi = 1024 * 1024;

/// A store with small buffers, so that little writing reaches the tables.
std::unique_ptr<log_store> small_store(const std::filesystem::path& folder) {
  auto options = options_in(folder);
  options.write_buffer_bytes = 4 * mebi;
  return log_store::open(options).value();
}

void add(log_store& store, const publish_entry& entry) {
  auto request = appending(group, entry);
  request.sync = false;
  store.commit(request).value();
}

void erase(log_store& store, log_index index) {
  auto request = commit_request{};
  request.erases = {{group, index}};
  request.sync = false;
  store.commit(request).value();
}

} // namespace

TEST_CASE(
  "log_store: 200 MB appended and soon erased take little space", "[store]") {
  auto folder = temp_folder{};
  auto store = small_store(folder.path());
  auto entry = published(1, std::string(100, 'x'), 640);
  auto most = std::uint64_t{0};
  for (int i = 1; i <= 3000; ++i) {
    add(*store, entry);
    if (i > 10) erase(*store, log_index(i - 10));
    if (i % 100 == 0) most = std::max(most, store->figures().bytes_on_disk);
  }
  CHECK(store->figures().bytes_written > 200 * mebi);
  CHECK(most < 40 * mebi);
  CHECK(stored_in(*store, group).size() == 10);
}

TEST_CASE(
  "log_store: a backlog's space comes back once it is erased", "[store]") {
  auto folder = temp_folder{};
  auto entry = published(1, {});
  auto builder = batch_builder{};
  auto noise = std::uint64_t{1};
  for (int i = 0; i < 640; ++i) { // no two alike: nothing to compress
    auto body = std::string{};
    for (int j = 0; j < 12; ++j) {
      noise = noise * 6364136223846793005 + 1442695040888963407;
      body.append(reinterpret_cast<const char*>(&noise), 8);
    }
    builder.add(message{"shop", "key", {}, body});
  }
  entry.messages = builder.take();
  auto store = small_store(folder.path());
  for (int i = 1; i <= 1000; ++i) add(*store, entry);
  CHECK(store->figures().bytes_on_disk > 50 * mebi);
  for (int i = 1; i <= 1000; ++i) erase(*store, log_index(i));
  // What follows makes room, as any traffic does.
  for (int i = 1001; i <= 2000; ++i) {
    add(*store, entry);
    erase(*store, log_index(i));
  }
  REQUIRE(store->flush().has_value());
  store.reset(); // ends what goes on in the background
  store = small_store(folder.path());
  CHECK(stored_in(*store, group).empty());
  CHECK(store->figures().bytes_on_disk < 40 * mebi);
}

TEST_CASE(
  "log_store: memory goes back when what is buffered is moved", "[store]") {
  auto folder = temp_folder{};
  auto store = small_store(folder.path());
  auto entry = published(1, std::string(100, 'x'), 640);
  for (int i = 0; i < 40; ++i) add(*store, entry);
  CHECK(store->figures().bytes_in_memory > 2 * mebi);
  REQUIRE(store->flush().has_value());
  CHECK(store->figures().bytes_in_memory < mebi);
}
