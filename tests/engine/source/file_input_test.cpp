#include "tests/engine/source/source_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

using namespace troupe;
using namespace troupe::test;
using texts = std::vector<std::string>;

namespace {

/// Lines "1", "2" ...; many batches, and more than one chunk.
std::string numbered(int count) {
  auto all = std::string{};
  for (int i = 1; i <= count; ++i) all += std::to_string(i) + '\n';
  return all;
}

} // namespace

TEST_CASE("file_input: reads a file to its end", "[source]") {
  auto folder = source_folder{};
  folder.write(numbered(100'000));
  auto input = folder.open().value();
  auto all = read_all(*input);
  REQUIRE(all.bodies.size() == 100'000);
  auto wrong = 0;
  for (int i = 0; i < 100'000; ++i)
    wrong += all.bodies[i] != std::to_string(i + 1);
  CHECK(wrong == 0);
  CHECK(all.fault == error{});
  CHECK(input->next().value().at_end);
}

TEST_CASE("file_input: numbers its batches without a gap", "[source]") {
  auto folder = source_folder{};
  folder.write(numbered(1000));
  auto next = std::uint64_t{1};
  for (const auto& x : read_all(*folder.open().value()).batches) {
    CHECK(x.first_number == next);
    CHECK(x.is_resumable);
    next += x.messages->size();
  }
  CHECK(next == 1001);
}

TEST_CASE("file_input: goes on behind any batch", "[source]") {
  auto folder = source_folder{};
  folder.write(numbered(1000));
  auto whole = read_all(*folder.open().value());
  CHECK(whole.batches.size() == 4);
  auto done = std::size_t{0};
  for (const auto& x : whole.batches) {
    done += x.messages->size();
    auto again = folder.open(record_kind::lines, x.progress).value();
    auto rest = read_all(*again);
    REQUIRE(rest.bodies.size() == 1000 - done);
    if (rest.bodies.empty()) continue;
    CHECK(rest.bodies.front() == std::to_string(done + 1));
    CHECK(rest.batches.front().first_number == done + 1);
  }
}

TEST_CASE("file_input: goes on within an array", "[source]") {
  auto folder = source_folder{};
  auto text = std::string{"["};
  for (int i = 1; i < 600; ++i) text += "{\"n\":" + std::to_string(i) + "},";
  folder.write(text + "0]");
  auto first = folder.open(record_kind::json).value()->next().value();
  auto again = folder.open(record_kind::json, first.progress).value();
  auto rest = read_all(*again);
  CHECK(rest.bodies.front() == R"({"n":257})");
  CHECK(rest.bodies.size() == 600 - 256);
  CHECK(rest.fault == error{});
}

TEST_CASE("file_input: reads the header again", "[source]") {
  auto folder = source_folder{};
  folder.write("\"long\nname\",b\n" + numbered(300));
  auto first = folder.open(record_kind::csv).value()->next().value();
  auto again = folder.open(record_kind::csv, first.progress).value();
  auto rest = read_all(*again);
  CHECK(rest.bodies.front() == R"({"long\nname":"257","b":""})");
  CHECK(rest.bodies.size() == 300 - 256);
}

TEST_CASE("file_input: what was added is read next time", "[source]") {
  auto folder = source_folder{};
  folder.write("one\n");
  auto first = read_all(*folder.open().value());
  folder.append("two\n");
  auto again = folder.open(record_kind::lines, first.progress).value();
  auto second = read_all(*again);
  CHECK(second.bodies == texts{"two"});
  CHECK(second.batches.front().first_number == 2);
}

TEST_CASE("file_input: a file that was replaced is noticed", "[source]") {
  auto folder = source_folder{};
  folder.write("one\ntwo\n");
  auto first = read_all(*folder.open().value());
  folder.write("One\ntwo\nthree\n");
  auto again = folder.open(record_kind::lines, first.progress);
  REQUIRE(again.has_error());
  CHECK(again.error().code == errc::bad_input);
  CHECK_THAT(
    again.error().detail,
    Catch::Contains("is not the file that was read before: put the old file "
                    "back, or give the source a new name"));
}

TEST_CASE("file_input: a file that was cut short is noticed", "[source]") {
  auto folder = source_folder{};
  folder.write("one\ntwo\n");
  auto first = read_all(*folder.open().value());
  folder.write("one\n");
  auto again = folder.open(record_kind::lines, first.progress);
  REQUIRE(again.has_error());
  CHECK_THAT(
    again.error().detail,
    Catch::Contains("is 4 bytes long, and 8 of it were read before"));
}

TEST_CASE("file_input: damaged progress is refused", "[source]") {
  auto folder = source_folder{};
  folder.write("one\n");
  auto opened = folder.open(record_kind::lines, "x");
  REQUIRE(opened.has_error());
  CHECK(opened.error().code == errc::corrupt);
}

TEST_CASE("file_input: a file that is not there is not found", "[source]") {
  auto folder = source_folder{};
  auto opened = folder.open();
  REQUIRE(opened.has_error());
  CHECK(opened.error().code == errc::not_found);
  CHECK_THAT(opened.error().detail, Catch::Contains(folder.file().string()));
}

TEST_CASE("file_input: only regular files are read", "[source]") {
  auto folder = source_folder{};
  SECTION("not a folder") {
    std::filesystem::create_directory(folder.file());
    CHECK_THAT(
      folder.open().error().detail, Catch::Contains("is a folder; name one"));
  }
  SECTION("not a pipe, nor does it wait for one") {
    REQUIRE(::mkfifo(folder.file().c_str(), 0600) == 0);
    CHECK_THAT(
      folder.open().error().detail, Catch::Contains("is no regular file"));
  }
}

TEST_CASE("file_input: a fault names the file", "[source]") {
  auto folder = source_folder{};
  folder.write("[1,2");
  auto all = read_all(*folder.open(record_kind::json).value());
  CHECK(all.bodies == texts{"1"});
  CHECK(all.fault.code == errc::bad_input);
  CHECK(
    all.fault.detail
    == "source file '" + folder.file().string()
         + "', record 2 (at byte 3): the input ends at byte 4, within this "
           "element; is it whole?");
}

TEST_CASE("file_input: an empty file has no records", "[source]") {
  auto folder = source_folder{};
  folder.write("");
  auto kind =
    GENERATE(record_kind::lines, record_kind::ndjson, record_kind::csv);
  auto all = read_all(*folder.open(kind).value());
  CHECK(all.bodies.empty());
  CHECK(all.fault == error{});
}

TEST_CASE("file_input: records larger than chunks come whole", "[source]") {
  auto folder = source_folder{};
  auto large = std::string(600'000, 'x');
  folder.write("a\n" + large + "\nb\n" + large + "\n");
  auto all = read_all(*folder.open().value());
  CHECK((all.bodies == texts{"a", large, "b", large}));
}
