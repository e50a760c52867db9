#include "config/fault_ids.hpp"
#include "tests/config/reading.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

const auto with_faults = R"([sources.lines]
type = "stdin"
[routers.shard]
inputs = ["lines"]
type = "consistent_hash"
key = "routing_key"
queue = "orders"
[queues.orders]
[queues.spare]
[handlers.charge]
inputs      = ["shrad"]
timeout     = 30
)";

} // namespace

TEST_CASE("fault: text shows place, line, what is wrong and what to do") {
  CHECK(
    to_text(faults_of(with_faults), {"orders.toml"}) ==
    R"(error[E0112]: handler `charge` reads from `shrad`, which does not exist
  --> orders.toml:11:16
   |
11 | inputs      = ["shrad"]
   |                ^^^^^^^ no source, queue, router or handler has this name
   = help: did you mean `shard` (router, line 3)?

error[E0207]: `timeout` is a duration and needs a unit
  --> orders.toml:12:15
   |
12 | timeout     = 30
   |               ^^ write "30s", "30ms" or "30m"
   = help: units are ms, s, m, h and d, after a whole number

x orders.toml: 2 errors            (troupe explain E0112)
)");
}

TEST_CASE("fault: the closing line counts and points to the first") {
  auto error = make_fault("E0112", "", {});
  auto warning = make_fault("W0401", "", {});
  CHECK(closing_line({}, {"a.toml", "b.toml"}) == "√ a.toml, b.toml: 0 errors");
  CHECK(
    closing_line({warning}, {"a.toml"})
    == "~ a.toml: 0 errors, 1 warning            (troupe explain W0401)");
  CHECK(
    closing_line({error, error, warning}, {"a.toml"})
    == "x a.toml: 2 errors, 1 warning            (troupe explain E0112)");
}

TEST_CASE("fault: control characters never reach the terminal") {
  auto evil =
    make_fault("E0101", "\x1b[2J", {"a\x07", 1, 1, 1, "x\x1b[31m\x7f\xc2\x9b"});
  auto text = to_string(evil);
  CHECK(text.find('\x1b') == text.npos);
  CHECK(text.find('\x07') == text.npos);
  CHECK(text.find('\x7f') == text.npos);
  CHECK(text.find('\x9b') == text.npos);
}

TEST_CASE("fault: the underline stays below its word after tabs and letters "
          "of two bytes") {
  auto fault = make_fault("E0201", "m", {"a", 1, 6, 2, "\tä = 12"});
  CHECK(
    to_string(fault)
    == "error[E0201]: m\n  --> a:1:6\n  |\n1 | \tä = 12\n  | \t    ^^\n");
}

TEST_CASE("fault: JSON has what the text has") {
  auto json = boost::json::parse(to_json(faults_of(with_faults)));
  CHECK(json.at("errors") == 2);
  CHECK(json.at("warnings") == 0);
  const auto& first = json.at("faults").at(0);
  CHECK(first.at("severity") == "error");
  CHECK(first.at("id") == "E0112");
  CHECK(first.at("file") == "orders.toml");
  CHECK(first.at("line") == 11);
  CHECK(first.at("column") == 16);
  CHECK(first.at("length") == 7);
  CHECK(first.at("help") == "did you mean `shard` (router, line 3)?");
}

TEST_CASE("fault: every kind has an explanation under its own id") {
  auto last = std::string_view{};
  for (const auto& kind : fault_kinds()) {
    CHECK(last < kind.id);
    CHECK(find_fault_kind(kind.id) == &kind);
    CHECK(kind.text.ends_with('.'));
    last = kind.id;
  }
  CHECK(find_fault_kind("E9999") == nullptr);
}
