#include "tests/engine/routing/topology_asking.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace troupe;
using namespace troupe::test;

using names = std::vector<std::string>;
using reason = refusal::reason;

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
