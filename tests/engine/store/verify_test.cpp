#include "engine/store/verify.hpp"
#include "tests/engine/store/store_play.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Bytes that no compression shortens. Marks have no four letters in common, so
/// that they stand in the files as they are, to be found and damaged.
std::string incompressible(const std::string& mark, std::size_t size) {
  auto text = mark;
  auto next = std::uint64_t{88172645463325252};
  while (text.size() < size) {
    next ^= next << 13;
    next ^= next >> 7;
    next ^= next << 17;
    text += static_cast<char>(next);
  }
  return text;
}

/// Three large entries and three small ones, a state and a queue, in tables.
void fill(const std::filesystem::path& folder) {
  auto store = log_store::open(options_in(folder)).value();
  store->define_queue("orders", 16).value();
  for (auto size : {8000, 30}) {
    auto request = commit_request{};
    for (auto mark : {"alphabet", "notebook", "umbrella"})
      request.appends.push_back(
        append_to(group, published(1, incompressible(mark, size))));
    request.changes = {{group, {"charge", "anna", "total", "mark-state"}}};
    store->commit(request).value();
  }
  REQUIRE(store->flush().has_value());
}

result<verify_report> verify_in(const std::filesystem::path& folder) {
  return verify(options_in(folder), [](std::uint64_t, std::uint64_t) {});
}

/// Flips a byte in whichever file of this kind has the text.
bool flip_in(
  const std::filesystem::path& folder,
  const std::string& ending,
  const std::string& text) {
  for (const auto& file : files_in(folder, ending))
    if (flip_byte_at(file, text)) return true;
  return false;
}

bool names(const verify_report& report, const std::string& what) {
  for (const auto& line : report.broken)
    if (line.find(what) != std::string::npos) return true;
  return false;
}

} // namespace

TEST_CASE("verify: a sound store has nothing broken", "[store]") {
  auto folder = temp_folder{};
  fill(folder.path());
  auto report = verify_in(folder.path()).value();
  CHECK(report.broken == std::vector<std::string>{});
  CHECK(report.entries == 6);
  // A state, a queue, and of meta: format, id, next queue, a last index.
  CHECK(report.values == 6);
  CHECK(report.bytes > 24'000);
}

TEST_CASE(
  "verify: what was not yet moved to tables is checked too", "[store]") {
  auto folder = temp_folder{};
  log_store::open(options_in(folder.path()))
    .value()
    ->commit(appending(group, published(1, "x")))
    .value();
  CHECK(verify_in(folder.path()).value().entries == 1);
}

TEST_CASE("verify: progress rises to its total", "[store]") {
  auto folder = temp_folder{};
  fill(folder.path());
  auto last = std::uint64_t{0};
  auto end = std::uint64_t{0};
  auto is_rising = true;
  auto report = verify(options_in(folder.path()), [&](auto done, auto total) {
    is_rising &= done >= last && done <= total;
    last = done;
    end = total;
  });
  REQUIRE(report.has_value());
  CHECK(is_rising);
  CHECK(last == end);
  CHECK(end > 24'000);
}

TEST_CASE(
  "verify: a changed byte in a large entry is found with its place",
  "[store]") {
  auto folder = temp_folder{};
  fill(folder.path());
  REQUIRE(flip_in(folder.path(), ".blob", "notebook"));
  auto report = verify_in(folder.path()).value();
  REQUIRE(report.broken.size() == 1);
  CHECK(names(report, "entry 2 of group 5"));
  CHECK(report.entries == 6); // the walk went on behind it
}

TEST_CASE("verify: every one of several damages is found", "[store]") {
  auto folder = temp_folder{};
  fill(folder.path());
  REQUIRE(flip_in(folder.path(), ".blob", "alphabet"));
  REQUIRE(flip_in(folder.path(), ".blob", "umbrella"));
  auto report = verify_in(folder.path()).value();
  CHECK(report.broken.size() == 2);
  CHECK(names(report, "entry 1 of group 5"));
  CHECK(names(report, "entry 3 of group 5"));
}

TEST_CASE(
  "verify: a changed byte in a table is found, with what it held", "[store]") {
  auto folder = temp_folder{};
  fill(folder.path());
  REQUIRE(flip_in(folder.path(), ".sst", "notebook"));
  auto report = verify_in(folder.path()).value();
  CHECK(names(report, "table file"));
  CHECK(names(report, "entry 5 of group 5"));
}

TEST_CASE("verify: a changed state value is found", "[store]") {
  auto folder = temp_folder{};
  fill(folder.path());
  REQUIRE(flip_in(folder.path(), ".sst", "mark-state"));
  auto report = verify_in(folder.path()).value();
  CHECK(names(report, "table file"));
  CHECK(names(report, "the values of 'state'"));
}

TEST_CASE("verify: changes nothing in the folder", "[store]") {
  auto folder = temp_folder{};
  fill(folder.path());
  auto listed = [&] {
    auto all = std::vector<std::pair<std::string, std::uintmax_t>>{};
    for (const auto& x : std::filesystem::directory_iterator{folder.path()})
      all.emplace_back(x.path().string(), x.file_size());
    std::sort(all.begin(), all.end());
    return all;
  };
  auto before = listed();
  verify_in(folder.path()).value();
  CHECK(listed() == before);
}

TEST_CASE(
  "verify: a store in use and a missing one are told apart", "[store]") {
  auto folder = temp_folder{};
  CHECK(verify_in(folder.path()).error().code == errc::not_found);
  auto store = log_store::open(options_in(folder.path())).value();
  CHECK(verify_in(folder.path()).error().code == errc::in_use);
}

TEST_CASE(
  "log_store: a damaged entry is named by read and by scan", "[store]") {
  auto folder = temp_folder{};
  fill(folder.path());
  auto [ending, index] =
    GENERATE(table<std::string, log_index>({{".blob", 2}, {".sst", 5}}));
  REQUIRE(flip_in(folder.path(), ending, "notebook"));
  auto store = log_store::open(options_in(folder.path())).value();
  auto read = store->read({group, index});
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == errc::corrupt);
  auto scanned = store->scan(
    group, [](log_index, log_entry&&) -> result<void> { return {}; });
  REQUIRE_FALSE(scanned.has_value());
  CHECK(scanned.error().code == errc::corrupt);
  for (const auto& detail : {read.error().detail, scanned.error().detail})
    CHECK(detail.find(" of group 5") != std::string::npos);
  CHECK(store->figures().checksum_errors == 2);
}

TEST_CASE("log_store: a damaged state is reported", "[store]") {
  auto folder = temp_folder{};
  fill(folder.path());
  REQUIRE(flip_in(folder.path(), ".sst", "mark-state"));
  auto store = log_store::open(options_in(folder.path())).value();
  CHECK(
    store->state(group, "charge", "anna", "total").error().code
    == errc::corrupt);
  auto scanned = store->scan_state("charge", [](auto, auto, auto) {});
  CHECK(scanned.error().code == errc::corrupt);
}
