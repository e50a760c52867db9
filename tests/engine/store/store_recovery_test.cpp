#include "engine/base/bytes.hpp"
#include "tests/engine/store/store_play.hpp"

#include <catch2/catch.hpp>
#include <rocksdb/db.h>

#include <algorithm>
#include <sys/wait.h>

using namespace troupe;
using namespace troupe::test;

namespace {

namespace fs = std::filesystem;

/// Commits, as one, entry `i`, the erasure of the one before it, and a state.
void commit_step(log_store& store, int i) {
  auto request = appending(group, published(1, std::to_string(i)));
  if (i > 1) request.erases = {{group, log_index(i - 1)}};
  request.changes = {{group, {"charge", "", "count", std::to_string(i)}}};
  store.commit(request).value();
}

/// Checks that step `i` is there, whole, and nothing of another one.
void check_step(const log_store& store, int i) {
  auto only = std::pair{log_index(i), std::to_string(i)};
  CHECK(stored_in(store, group) == std::vector{only});
  CHECK(store.state(group, "charge", "", "count").value() == std::to_string(i));
  CHECK(store.last_index(group) == log_index(i));
}

errc why_not(const store_options& options) {
  auto opened = log_store::open(options);
  return opened ? errc::none : opened.error().code;
}

/// The folder as a machine that stopped at this instant leaves it.
fs::path copy_of(const fs::path& folder, const fs::path& to) {
  fs::copy(folder, to, fs::copy_options::recursive);
  return to;
}

/// The write-ahead log that holds the latest commits.
fs::path newest_wal(const fs::path& folder) {
  auto files = files_in(folder, ".log");
  REQUIRE_FALSE(files.empty());
  return *std::max_element(files.begin(), files.end());
}

} // namespace

TEST_CASE(
  "log_store: a copy of a running store has all that was synced", "[store]") {
  auto folder = temp_folder{};
  auto store = log_store::open(options_in(folder.path() / "a")).value();
  store->define_queue("orders", 16).value();
  for (int i = 1; i <= 20; ++i) commit_step(*store, i);
  auto copy = copy_of(folder.path() / "a", folder.path() / "b");
  auto opened = log_store::open(options_in(copy)).value();
  check_step(*opened, 20);
  CHECK(opened->queues().value().size() == 1);
  CHECK(opened->store_id() == store->store_id());
}

TEST_CASE(
  "log_store: a killed process loses nothing that was synced", "[store]") {
  auto folder = temp_folder{};
  auto child = ::fork();
  if (child == 0) {
    auto store = log_store::open(options_in(folder.path()));
    if (!store) ::_exit(1);
    for (int i = 1; i <= 10; ++i) commit_step(**store, i);
    ::_exit(0);
  }
  auto status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  check_step(*log_store::open(options_in(folder.path())).value(), 10);
}

TEST_CASE(
  "log_store: a commit cut short is gone whole, those before it stay",
  "[store]") {
  auto folder = temp_folder{};
  auto store = log_store::open(options_in(folder.path() / "a")).value();
  for (int i = 1; i <= 9; ++i) commit_step(*store, i);
  auto whole = fs::file_size(newest_wal(folder.path() / "a"));
  commit_step(*store, 10);
  auto end = fs::file_size(newest_wal(folder.path() / "a"));
  REQUIRE(end > whole);
  // At every place a write can have stopped: in its parts, and between them.
  auto step = std::max<std::uintmax_t>(1, (end - whole) / 12);
  for (auto size = whole; size < end; size += step) {
    auto copy = copy_of(folder.path() / "a", folder.path() / "b");
    fs::resize_file(newest_wal(copy), size);
    check_step(*log_store::open(options_in(copy)).value(), 9);
    fs::remove_all(copy);
  }
}

TEST_CASE("log_store: a torn end is mended for good", "[store]") {
  auto folder = temp_folder{};
  auto store = log_store::open(options_in(folder.path() / "a")).value();
  for (int i = 1; i <= 3; ++i) commit_step(*store, i);
  auto copy = copy_of(folder.path() / "a", folder.path() / "b");
  auto wal = newest_wal(copy);
  fs::resize_file(wal, fs::file_size(wal) - 5);
  commit_step(*log_store::open(options_in(copy)).value(), 3);
  check_step(*log_store::open(options_in(copy)).value(), 3);
}

TEST_CASE(
  "log_store: a changed byte among synced commits is refused", "[store]") {
  auto folder = temp_folder{};
  auto store = log_store::open(options_in(folder.path() / "a")).value();
  for (auto text : {"first", "middle", "last"})
    store->commit(appending(group, published(1, text, 100))).value();
  auto copy = copy_of(folder.path() / "a", folder.path() / "b");
  REQUIRE(flip_byte_at(newest_wal(copy), "middle"));
  for (auto read_only : {false, true}) {
    auto options = options_in(copy);
    options.read_only = read_only;
    auto opened = log_store::open(options);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code == errc::corrupt);
    CHECK(opened.error().detail.find("restore a copy") != std::string::npos);
  }
}

TEST_CASE("log_store: a store in use is refused, also to look at", "[store]") {
  auto folder = temp_folder{};
  auto options = options_in(folder.path());
  {
    auto store = log_store::open(options).value();
    auto second = log_store::open(options);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().code == errc::in_use);
    CHECK(
      second.error().detail.find(std::to_string(::getpid()))
      != std::string::npos);
    options.read_only = true;
    CHECK(why_not(options) == errc::in_use);
  }
  CHECK(why_not(options) == errc::none);
}

TEST_CASE("log_store: read only, it reads and writes nothing", "[store]") {
  auto folder = temp_folder{};
  auto options = options_in(folder.path());
  {
    auto store = log_store::open(options).value();
    store->define_queue("orders", 16).value();
    commit_step(*store, 1);
  }
  options.read_only = true;
  auto store = log_store::open(options).value();
  check_step(*store, 1);
  auto more = appending(group, published(2, "x"));
  CHECK(store->commit(more).error().code == errc::refused);
  CHECK(store->define_queue("orders", 16).value().id == queue_id{1});
  CHECK(store->define_queue("alerts", 16).error().code == errc::refused);
  CHECK(store->drop_queue("orders").error().code == errc::refused);
}

TEST_CASE(
  "log_store: read only, a folder without a store is left alone", "[store]") {
  auto folder = temp_folder{};
  auto options = options_in(folder.path());
  options.read_only = true;
  CHECK(why_not(options) == errc::not_found);
  CHECK(fs::is_empty(folder.path()));
  options.folder = folder.path() / "missing";
  CHECK(why_not(options) == errc::not_found);
  CHECK_FALSE(fs::exists(options.folder));
}

TEST_CASE("log_store: makes its folder, and says where it cannot", "[store]") {
  auto folder = temp_folder{};
  CHECK(why_not(options_in(folder.path() / "a" / "b")) == errc::none);
  std::ofstream{folder.path() / "file"} << "not a folder";
  CHECK(why_not(options_in(folder.path() / "file")) == errc::cannot_create);
  CHECK(
    why_not(options_in(folder.path() / "file" / "x")) == errc::cannot_create);
}

TEST_CASE("log_store: a newer format is refused", "[store]") {
  auto folder = temp_folder{};
  auto options = options_in(folder.path());
  log_store::open(options).value();
  {
    auto names = std::vector<std::string>{};
    auto path = folder.path().string();
    REQUIRE(
      rocksdb::DB::ListColumnFamilies(rocksdb::Options{}, path, &names).ok());
    auto wanted = std::vector<rocksdb::ColumnFamilyDescriptor>{};
    for (const auto& name : names)
      wanted.emplace_back(name, rocksdb::ColumnFamilyOptions{});
    auto families = std::vector<rocksdb::ColumnFamilyHandle*>{};
    rocksdb::DB* db = nullptr;
    REQUIRE(
      rocksdb::DB::Open(rocksdb::Options{}, path, wanted, &families, &db).ok());
    auto format = std::string{};
    put(format, std::uint32_t{2});
    for (auto* family : families) {
      if (family->GetName() == "meta")
        CHECK(db->Put(rocksdb::WriteOptions{}, family, "format", seal(format))
                .ok());
      CHECK(db->DestroyColumnFamilyHandle(family).ok());
    }
    delete db;
  }
  CHECK(why_not(options) == errc::newer_format);
  options.read_only = true;
  CHECK(why_not(options) == errc::newer_format);
}

TEST_CASE(
  "log_store: a later release's column family is a newer format", "[store]") {
  auto folder = temp_folder{};
  auto made = rocksdb::Options{};
  made.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open(made, folder.path().string(), &db).ok());
  rocksdb::ColumnFamilyHandle* family = nullptr;
  REQUIRE(db->CreateColumnFamily({}, "schedule", &family).ok());
  CHECK(db->DestroyColumnFamilyHandle(family).ok());
  delete db;
  CHECK(why_not(options_in(folder.path())) == errc::newer_format);
}

TEST_CASE(
  "log_store: what was begun and not finished is made anew", "[store]") {
  auto folder = temp_folder{};
  auto made = rocksdb::Options{};
  made.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open(made, folder.path().string(), &db).ok());
  delete db;
  CHECK(why_not(options_in(folder.path())) == errc::none);
}

TEST_CASE(
  "log_store: files without their list are not cleared away", "[store]") {
  auto folder = temp_folder{};
  commit_step(*log_store::open(options_in(folder.path())).value(), 1);
  fs::remove(folder.path() / "CURRENT");
  auto files = files_in(folder.path(), ".log");
  CHECK(why_not(options_in(folder.path())) == errc::corrupt);
  CHECK(files_in(folder.path(), ".log") == files);
}

TEST_CASE("log_store: every store has an id of its own", "[store]") {
  auto folder = temp_folder{};
  auto a = log_store::open(options_in(folder.path() / "a")).value();
  auto b = log_store::open(options_in(folder.path() / "b")).value();
  CHECK(a->store_id().size() == 32);
  CHECK(a->store_id() != b->store_id());
  auto id = a->store_id();
  a.reset();
  CHECK(
    log_store::open(options_in(folder.path() / "a")).value()->store_id() == id);
}
