#include "tests/engine/routing/topology_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

using names = std::vector<std::string>;
using reason = refusal::reason;

namespace {

exchange_declaration exchange_called(const std::string& name) {
  auto made = exchange_declaration{};
  made.name = name;
  made.type = "direct";
  return made;
}

queue_declaration queue_called(const std::string& name) {
  auto made = queue_declaration{};
  made.name = name;
  return made;
}

new_queue numbered(std::uint64_t id) {
  auto made = new_queue{};
  made.id = queue_id{id};
  return made;
}

template <class T>
std::string why(const permitted<T>& answer) {
  REQUIRE(answer.has_error());
  return answer.error().text;
}

template <class T>
reason kind(const permitted<T>& answer) {
  REQUIRE(answer.has_error());
  return answer.error().why;
}

names gone(const topology_change& change) {
  auto found = names{};
  for (const auto& one : change.exchanges_gone) found.push_back(one->name());
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace

// -- vhosts

TEST_CASE("topology: a vhost begins with AMQP's own exchanges", "[routing]") {
  auto all = topology{};
  CHECK(all.add_vhost("v").is_new);
  CHECK_FALSE(all.add_vhost("v").is_new);
  auto now = all.snapshot();
  auto count = 0;
  now->for_each_exchange("v", [&](const exchange&) { ++count; });
  CHECK(count == 7);
  auto type = [&](const char* name) {
    auto* found = now->find_exchange("v", name);
    REQUIRE(found);
    return found->type();
  };
  CHECK(type("") == exchange_type::direct);
  CHECK(type("amq.direct") == exchange_type::direct);
  CHECK(type("amq.fanout") == exchange_type::fanout);
  CHECK(type("amq.topic") == exchange_type::topic);
  CHECK(type("amq.headers") == exchange_type::headers);
  CHECK(type("amq.match") == exchange_type::headers);
  CHECK(type("amq.rabbitmq.trace") == exchange_type::topic);
  CHECK(now->find_exchange("v", "amq.rabbitmq.trace")->is_internal());
  CHECK_FALSE(now->find_exchange("v", "amq.topic")->is_internal());
}

TEST_CASE("topology: vhosts do not see each other", "[routing]") {
  auto rig = topology_rig{};
  rig.all.add_vhost("v");
  rig.queue("q");
  CHECK(rig.all.snapshot()->find_queue("/", "q"));
  CHECK_FALSE(rig.all.snapshot()->find_queue("v", "q"));
  auto nowhere = rig.all.declare_exchange("w", exchange_called("x"));
  CHECK(kind(nowhere) == reason::not_allowed);
  CHECK(why(nowhere) == "vhost w not found");
}

TEST_CASE("topology: a vhost goes with all it has", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("x", "topic", {}, true);
  rig.exchange("y", "fanout");
  rig.queue("q");
  rig.bind("x", "q", "k");
  rig.chain("x", "y", "k");
  rig.chain("y", "x");
  auto change = rig.keep(rig.all.drop_vhost("/"));
  CHECK(change.exchanges_gone.size() == 9);
  CHECK(change.queues_gone.size() == 1);
  CHECK(change.bindings_gone.size() == 3);
  CHECK(rig.kept.values.empty());
  CHECK_FALSE(rig.all.snapshot()->has_vhost("/"));
  CHECK(rig.all.bindings("/").empty());
  CHECK_FALSE(rig.all.drop_vhost("/").is_new);
}

// -- exchanges

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

// -- queues

TEST_CASE("topology: the same queue can be declared again", "[routing]") {
  auto rig = topology_rig{};
  auto declared = queue_called("q");
  declared.arguments =
    table({{"x-message-ttl", number(5)}, {"x-queue-mode", text("lazy")}});
  auto first = rig.all.declare_queue("/", declared, numbered(1), 0).value();
  CHECK(first.is_new);
  CHECK(first.queue->id == queue_id{1});
  declared.arguments = table(
    {{"x-queue-type", text("classic")},
     {"x-message-ttl", {std::int64_t{5}}},
     {"x-queue-version", number(2)},
     {"foo", text("bar")}});
  auto again = rig.all.declare_queue("/", declared, numbered(2), 0).value();
  CHECK_FALSE(again.is_new);
  CHECK(again.queue == first.queue);
  CHECK(rig.all.check_queue("/", declared, 0).value() == first.queue);
}

TEST_CASE("topology: another queue of that name is refused", "[routing]") {
  auto rig = topology_rig{};
  auto declared = queue_called("q");
  declared.arguments = table({{"x-max-length", number(7)}});
  CHECK(rig.all.declare_queue("/", declared, numbered(1), 0).has_value());
  auto text_of = [&](auto change) {
    auto again = declared;
    change(again);
    auto answer = rig.all.declare_queue("/", again, numbered(2), 0);
    CHECK(kind(answer) == reason::precondition_failed);
    return why(answer);
  };
  auto with = [&](std::vector<field> arguments) {
    return text_of([&](auto& q) { q.arguments = table(std::move(arguments)); });
  };
  auto length = field{"x-max-length", number(7)};
  CHECK(
    text_of([](auto& q) { q.durable = true; })
    == "inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' "
       "but current is 'false'");
  CHECK(
    text_of([](auto& q) { q.auto_delete = true; })
    == "inequivalent arg 'auto_delete' for queue 'q' in vhost '/': received "
       "'true' but current is 'false'");
  CHECK(
    with({length, {"x-message-ttl", number(5)}})
    == "inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received "
       "the value '5' of type 'signedint' but current is none");
  CHECK(
    with({})
    == "inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received "
       "none but current is the value '7' of type 'signedint'");
  CHECK(
    with({{"x-max-length", number(8)}})
    == "inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received "
       "'8' but current is '7'");
  CHECK(
    with({length, {"x-queue-type", text("quorum")}})
    == "inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received "
       "the value 'quorum' of type 'longstr' but current is none");
}

TEST_CASE("topology: an exclusive queue is its connection's", "[routing]") {
  auto rig = topology_rig{};
  auto declared = queue_called("q");
  declared.exclusive = true;
  declared.durable = true; // which an exclusive queue is not
  auto made = rig.all.declare_queue("/", declared, numbered(1), 7).value();
  CHECK(made.queue->owner == 7);
  CHECK_FALSE(made.queue->is_durable);
  CHECK(made.records.empty());
  CHECK(rig.all.declare_queue("/", declared, numbered(2), 7).has_value());
  CHECK(rig.all.find_queue("/", "q", 7).has_value());
  CHECK(rig.all.bind("/", rig.to_queue("amq.fanout", "q", ""), 7).has_value());

  auto text = "cannot obtain exclusive access to locked queue 'q' in vhost "
              "'/'. It could be originally declared on another connection or "
              "the exclusive property value does not match that of the "
              "original declaration.";
  auto other = rig.all.find_queue("/", "q", 8);
  CHECK(kind(other) == reason::resource_locked);
  CHECK(why(other) == text);
  auto& all = rig.all;
  CHECK(why(all.declare_queue("/", declared, numbered(2), 8)) == text);
  CHECK(why(all.delete_queue("/", "q", 8)) == text);
  auto bound = rig.to_queue("amq.fanout", "q", "");
  CHECK(why(all.bind("/", bound, 8)) == text);
  CHECK(why(all.unbind("/", bound, 8)) == text);
  auto shared = declared;
  shared.exclusive = false;
  CHECK(why(all.declare_queue("/", shared, numbered(2), 7)) == text);
}

TEST_CASE("topology: exclusive queues go with their connection", "[routing]") {
  auto rig = topology_rig{};
  rig.exchange("x", "fanout", {}, true);
  rig.queue("stays");
  auto declared = queue_called("");
  declared.exclusive = true;
  for (std::uint64_t i = 10; i < 14; ++i) {
    declared.name = "q" + std::to_string(i);
    CHECK(
      rig.all.declare_queue("/", declared, numbered(i), i % 2 + 1).has_value());
  }
  CHECK(rig.all.bind("/", rig.to_queue("x", "q10", ""), 1).has_value());
  auto change = rig.all.drop_exclusive(1);
  CHECK(change.queues_gone.size() == 2);
  CHECK(gone(change) == names{"x"});
  CHECK(rig.all.drop_exclusive(1).queues_gone.empty());
  CHECK(rig.all.delete_queue("/", "q11", 2)->queues_gone.size() == 1);
  CHECK(rig.all.drop_exclusive(2).queues_gone.size() == 1);
  CHECK(rig.all.snapshot()->find_queue("/", "stays"));
}

TEST_CASE("topology: queue names with amq. are the server's", "[routing]") {
  auto rig = topology_rig{};
  auto declared = queue_called("amq.gen-1");
  auto refused = rig.all.declare_queue("/", declared, numbered(1), 0);
  CHECK(kind(refused) == reason::access_refused);
  CHECK(
    why(refused) == "queue name 'amq.gen-1' contains reserved prefix 'amq.*'");
  declared.is_server_named = true;
  CHECK(rig.all.declare_queue("/", declared, numbered(1), 0)->is_new);
}

TEST_CASE("topology: a missing queue is not found, or deleted", "[routing]") {
  auto rig = topology_rig{};
  auto missing = rig.all.find_queue("/", "q", 0);
  CHECK(kind(missing) == reason::not_found);
  CHECK(why(missing) == "no queue 'q' in vhost '/'");
  CHECK(rig.all.delete_queue("/", "q", 0)->queues_gone.empty());
  CHECK(rig.all.check_queue("/", queue_called("q"), 0).value() == nullptr);
}

TEST_CASE(
  "topology: a queue's new place is seen from everywhere", "[routing]") {
  auto rig = topology_rig{};
  rig.queue("q");
  rig.exchange("hash", "x-consistent-hash");
  auto sources = names{"amq.direct", "amq.topic", "amq.fanout", "amq.headers"};
  sources.emplace_back("hash");
  for (const auto& source : sources) rig.bind(source, "q", "1");
  auto before = rig.all.snapshot();
  auto place = std::make_shared<const int>(5);
  CHECK(rig.all.set_place(queue_id{1}, place));
  CHECK_FALSE(rig.all.set_place(queue_id{2}, place));
  sources.emplace_back("");
  for (const auto& source : sources) {
    INFO(source);
    REQUIRE(rig.route(source, source.empty() ? "q" : "1") == names{"q"});
    CHECK(rig.found.queues[0]->place == place);
    CHECK(
      rig.found.queues[0]->shared_from_this()
      == rig.all.find_queue("/", "q", 0).value());
  }
  CHECK(before->find_queue("/", "q")->place == nullptr);
}

// -- bindings

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

TEST_CASE("topology: a snapshot stays as it was", "[routing]") {
  auto rig = topology_rig{};
  rig.queue("q");
  rig.bind("amq.direct", "q", "k");
  auto before = rig.all.snapshot();
  rig.unbind("amq.direct", "q", "k");
  CHECK(rig.all.delete_queue("/", "q", 0).has_value());
  auto found = route_result{};
  auto what = message{"amq.direct", "k", "", ""};
  before->find_exchange("/", "amq.direct")->route(*before, what, found);
  REQUIRE(found.queues.size() == 1);
  CHECK(found.queues[0]->name == "q");
}
