#include "engine/handlers/file_sink.hpp"
#include "engine/message/make_message.hpp"
#include "tests/support/handler_rig.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace troupe;
using namespace troupe::test;

namespace {

class temp_folder {
public:
  temp_folder() {
    auto name = std::string{"/tmp/troupe-sink-XXXXXX"};
    path_ = ::mkdtemp(name.data());
  }
  ~temp_folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const char* name) const {
    return path_ / name;
  }

private:
  std::filesystem::path path_;
};

std::string text_of(const std::filesystem::path& path) {
  auto in = std::ifstream{path};
  return {std::istreambuf_iterator{in}, {}};
}

/// A stage of one file sink, with what it has committed so far.
stage sink_stage(const std::filesystem::path& path, const std::string& length) {
  auto made = stage_of({});
  made.factory = [path](const settings&) -> any_handler {
    return std::make_unique<file_sink>(path, line_format::body);
  };
  made.read_state = [length](auto...) -> std::optional<std::string> {
    if (length.empty()) return std::nullopt;
    return length;
  };
  made.blames_messages = false;
  return made;
}

} // namespace

TEST_CASE("file_sink: writes a line a message and keeps the length") {
  auto folder = temp_folder{};
  auto rig = runner_rig{sink_stage(folder / "out", "")};
  rig.runner.run({run_of({"one", "two"})});
  CHECK(text_of(folder / "out") == "one\ntwo\n");
  auto& changes = rig.sent.at(0).second.changes;
  CHECK(changes.back() == state_change{"h", "", "length", "8"});
}

TEST_CASE("file_sink: cuts off what a crash left beyond its last commit") {
  auto folder = temp_folder{};
  std::ofstream{folder / "out"} << "one\ntwo\nhalf";
  auto rig = runner_rig{sink_stage(folder / "out", "4")};
  rig.runner.run({run_of({"two", "three"})});
  CHECK(text_of(folder / "out") == "one\ntwo\nthree\n");
}

TEST_CASE("file_sink: goes on behind a file that was made shorter") {
  auto folder = temp_folder{};
  std::ofstream{folder / "out"} << "x\n";
  auto rig = runner_rig{sink_stage(folder / "out", "100")};
  rig.runner.run({run_of({"y"})});
  CHECK(text_of(folder / "out") == "x\ny\n");
}

TEST_CASE("file_sink: gives messages back while it cannot write") {
  auto folder = temp_folder{};
  auto rig = runner_rig{sink_stage(folder / "no/such/folder", "")};
  auto crash = rig.runner.run({run_of({"a", "b"})});
  REQUIRE(crash);
  CHECK(crash->find("no/such/folder") != std::string::npos);
  CHECK(rig.returned() == std::vector<position>{1, 2});
  CHECK(rig.failed().empty());
}

TEST_CASE("file_sink: a line of JSON has key, headers and body") {
  auto one = batch_builder{};
  add(one, draft{.body = "a\"b", .routing_key = "k", .headers = {{"x", "1"}}});
  auto line = to_line((*one.take())[0], line_format::json);
  CHECK(
    line
    == "{\"routing_key\":\"k\",\"headers\":{\"x\":\"1\"},"
       "\"body\":\"a\\\"b\"}\n");
}
