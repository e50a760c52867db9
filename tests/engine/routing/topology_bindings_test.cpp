#include "tests/engine/routing/topology_asking.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace troupe;
using namespace troupe::test;

using names = std::vector<std::string>;
using reason = refusal::reason;

TEST_CASE("topology: binding twice is binding once", "[routing]") {
  auto rig = topology_rig{};
  rig.queue("q");
  auto one = field{"a", number(1)};
  auto two = field{"b", number(2)};
  CHECK(rig.bind("amq.direct", "q", "k", table({one, two})).is_new);
  CHECK_FALSE(rig.bind("amq.direct", "q", "k", table({two, one})).is_new);
  CHECK(rig.bind("amq.direct", "q", "k", table({one})).is_new);
  CHECK(rig.all.bindings("/").size() == 2);
  rig.unbind("amq.direct", "q", "k", table({two, one}));
  CHECK(rig.route("amq.direct", "k") == names{"q"});
  CHECK(rig.unbind("amq.direct", "q", "k").bindings_gone.empty());
  rig.unbind("amq.direct", "q", "k", table({one}));
  CHECK(rig.route("amq.direct", "k").empty());
}

TEST_CASE("topology: bindings need both ends", "[routing]") {
  auto rig = topology_rig{};
  auto& all = rig.all;
  rig.queue("q");
  auto to_exchange = [](const char* from, const char* to) {
    return binding{from, binding::kind::exchange, to, "", {}};
  };
  auto missing = all.bind("/", rig.to_queue("x", "q", ""), 0);
  CHECK(kind(missing) == reason::not_found);
  CHECK(why(missing) == "no exchange 'x' in vhost '/'");
  CHECK(
    why(all.bind("/", rig.to_queue("amq.direct", "p", ""), 0))
    == "no queue 'p' in vhost '/'");
  CHECK(
    why(all.bind("/", to_exchange("amq.direct", "x"), 0))
    == "no exchange 'x' in vhost '/'");
  CHECK(all.unbind("/", rig.to_queue("x", "p", ""), 0)->bindings_gone.empty());

  auto on_default = "operation not permitted on the default exchange";
  CHECK(why(all.bind("/", rig.to_queue("", "q", "q"), 0)) == on_default);
  CHECK(why(all.unbind("/", rig.to_queue("", "q", "q"), 0)) == on_default);
  CHECK(why(all.bind("/", to_exchange("amq.direct", ""), 0)) == on_default);
}

TEST_CASE("topology: what a type cannot be bound by is refused", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("h", "x-consistent-hash");
  rig.queue("q");
  auto refused = [&](const char* source, const char* key, field_table with) {
    auto answer =
      rig.all.bind("/", rig.to_queue(source, "q", key, std::move(with)), 0);
    CHECK(kind(answer) == reason::precondition_failed);
    return why(answer);
  };
  CHECK(
    refused("h", "abc", {})
    == "The binding key must be an integer: <<\"abc\">>");
  CHECK(refused("h", "0", {}) == "The binding key must be greater than 0");
  CHECK(refused("h", "-3", {}) == "The binding key must be greater than 0");
  CHECK(
    refused("amq.headers", "", table({{"x-match", text("some")}}))
    == "Invalid x-match field value <<\"some\">>; expected all, any, "
       "all-with-x, or any-with-x");
  CHECK(
    refused("amq.headers", "", table({{"x-match", number(1)}}))
    == "Invalid x-match field type signedint (value 1); expected longstr");
  CHECK(rig.all.bindings("/").empty());
}

TEST_CASE("topology: a queue goes with its bindings", "[routing]") {
  auto rig = topology_rig{};
  rig.queue("q");
  rig.queue("p");
  for (auto* key : {"1", "2", "3"}) {
    rig.bind("amq.direct", "q", key);
    rig.bind("amq.direct", "p", key);
  }
  auto change = rig.keep(rig.all.delete_queue("/", "q", 0).value());
  CHECK(change.bindings_gone.size() == 3);
  CHECK(rig.route("amq.direct", "1") == names{"p"});
  CHECK(rig.all.bindings_from("/", "amq.direct").size() == 3);
  CHECK(rig.all.bindings_to("/", binding::kind::queue, "p").size() == 3);
  CHECK(rig.all.bindings_to("/", binding::kind::queue, "q").empty());
}
