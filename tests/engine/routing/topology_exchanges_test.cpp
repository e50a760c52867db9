#include "tests/engine/routing/topology_asking.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace troupe;
using namespace troupe::test;

using names = std::vector<std::string>;
using reason = refusal::reason;

TEST_CASE("topology: the same exchange can be declared again", "[routing]") {
  auto rig = topology_rig{};
  auto declared = exchange_called("x");
  CHECK(rig.all.declare_exchange("/", declared)->is_new);
  declared.arguments = table({{"something", number(1)}}); // means nothing
  CHECK_FALSE(rig.all.declare_exchange("/", declared)->is_new);
  auto own = exchange_called("amq.direct");
  own.durable = true;
  CHECK_FALSE(rig.all.declare_exchange("/", own)->is_new);
}

TEST_CASE("topology: another exchange of that name is refused", "[routing]") {
  auto rig = topology_rig{};
  auto declared = exchange_called("x");
  CHECK(rig.all.declare_exchange("/", declared).has_value());
  auto text_of = [&](auto change) {
    auto again = declared;
    change(again);
    auto answer = rig.all.declare_exchange("/", again);
    CHECK(kind(answer) == reason::precondition_failed);
    return why(answer);
  };
  CHECK(
    text_of([](auto& x) { x.type = "fanout"; })
    == "inequivalent arg 'type' for exchange 'x' in vhost '/': received "
       "'fanout' but current is 'direct'");
  CHECK(
    text_of([](auto& x) { x.durable = true; })
    == "inequivalent arg 'durable' for exchange 'x' in vhost '/': received "
       "'true' but current is 'false'");
  CHECK(
    text_of([](auto& x) { x.auto_delete = true; })
    == "inequivalent arg 'auto_delete' for exchange 'x' in vhost '/': received "
       "'true' but current is 'false'");
  CHECK(
    text_of([](auto& x) { x.internal = true; })
    == "inequivalent arg 'internal' for exchange 'x' in vhost '/': received "
       "'true' but current is 'false'");
  CHECK(
    text_of([](auto& x) {
      x.arguments = table({{"alternate-exchange", text("y")}});
    })
    == "inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '/': "
       "received the value 'y' of type 'longstr' but current is none");
}

TEST_CASE("topology: an exchange's arguments are checked", "[routing]") {
  auto rig = topology_rig{};
  auto refused = [&](const char* type, std::vector<field> arguments) {
    auto declared = exchange_called("x");
    declared.type = type;
    declared.arguments = table(std::move(arguments));
    auto answer = rig.all.declare_exchange("/", declared);
    CHECK(kind(answer) == reason::precondition_failed);
    return why(answer);
  };
  CHECK(refused("odd", {}) == "invalid exchange type 'odd'");
  CHECK(
    refused("direct", {{"alternate-exchange", number(1)}})
    == "invalid type 'signedint' for arg 'alternate-exchange' in exchange 'x' "
       "in vhost '/'");
  auto source = field{"hash-header", text("h")};
  CHECK(
    refused("x-consistent-hash", {source, {"hash-property", text("type")}})
    == "hash-header and hash-property are mutually exclusive");
  CHECK(
    refused("x-consistent-hash", {{"hash-property", text("type")}})
    == "Unsupported property: type");
  CHECK(
    refused("x-recent-history", {{"x-recent-history-length", number(0)}})
    == "Invalid argument 0, 'x-recent-history-length' must be a positive "
       "integer");
  auto delayed = std::string{"x-delayed-message"};
  CHECK(
    refused(delayed.c_str(), {})
    == "Invalid argument, 'x-delayed-type' must be an existing exchange type");
  CHECK(
    refused(delayed.c_str(), {{"x-delayed-type", text("odd")}})
    == "invalid exchange type 'odd'");
  CHECK_FALSE(
    refused(delayed.c_str(), {{"x-delayed-type", text(delayed)}}).empty());
  CHECK_FALSE(rig.all.snapshot()->find_exchange("/", "x"));
}

TEST_CASE("topology: some exchanges are out of reach", "[routing]") {
  auto rig = topology_rig{};
  auto& all = rig.all;
  auto on_default = "operation not permitted on the default exchange";
  CHECK(why(all.declare_exchange("/", exchange_called(""))) == on_default);
  CHECK(why(all.find_exchange("/", "")) == on_default);
  CHECK(why(all.delete_exchange("/", "")) == on_default);
  auto reserved = all.declare_exchange("/", exchange_called("amq.x"));
  CHECK(kind(reserved) == reason::access_refused);
  CHECK(
    why(reserved) == "exchange name 'amq.x' contains reserved prefix 'amq.*'");
  CHECK(
    why(all.delete_exchange("/", "amq.direct"))
    == "deletion of system exchange 'amq.direct' in vhost '/' not allowed");
  auto missing = all.find_exchange("/", "x");
  CHECK(kind(missing) == reason::not_found);
  CHECK(why(missing) == "no exchange 'x' in vhost '/'");
}

TEST_CASE("topology: an exchange goes with its bindings", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("x", "fanout");
  rig.exchange("before", "fanout");
  rig.queue("q");
  rig.bind("x", "q");
  rig.chain("before", "x");
  rig.chain("x", "x");
  auto used = rig.all.delete_exchange("/", "x", removal::if_unused);
  CHECK(kind(used) == reason::precondition_failed);
  CHECK(why(used) == "exchange 'x' in vhost '/' in use");
  auto change = rig.keep(rig.all.delete_exchange("/", "x").value());
  CHECK(gone(change) == names{"x"});
  CHECK(change.bindings_gone.size() == 3);
  CHECK(rig.all.bindings("/").empty());
  CHECK(rig.route("before", "").empty());
  CHECK(gone(rig.all.delete_exchange("/", "x").value()).empty());
  auto unused = rig.all.delete_exchange("/", "before", removal::if_unused);
  CHECK(gone(unused.value()) == names{"before"});
}

TEST_CASE(
  "topology: an auto-delete exchange goes with its last binding", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("x", "direct", {}, true);
  rig.queue("q");
  CHECK(rig.all.snapshot()->find_exchange("/", "x")); // not before it had one
  rig.bind("x", "q", "1");
  rig.bind("x", "q", "2");
  CHECK(gone(rig.unbind("x", "q", "1")).empty());
  CHECK(gone(rig.unbind("x", "q", "2")) == names{"x"});
  CHECK_FALSE(rig.all.snapshot()->find_exchange("/", "x"));
}

TEST_CASE(
  "topology: auto-delete exchanges take those before them along", "[routing]") {
  auto rig = topology_rig{};
  for (auto* name : {"a", "b", "c"}) rig.exchange(name, "fanout", {}, true);
  rig.exchange("stays", "fanout");
  rig.queue("q");
  rig.chain("a", "b");
  rig.chain("b", "c");
  rig.chain("stays", "a");
  rig.bind("c", "q");
  auto change = rig.keep(rig.all.delete_queue("/", "q", 0).value());
  CHECK(gone(change) == names{"a", "b", "c"});
  CHECK(change.queues_gone.size() == 1);
  CHECK(change.bindings_gone.size() == 4);
  CHECK(rig.all.bindings("/").empty());
  CHECK(rig.kept.values.size() == 2); // the vhost and `stays`
}
