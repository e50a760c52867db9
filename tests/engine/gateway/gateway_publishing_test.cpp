#include "tests/engine/gateway/gateway_rig.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

using numbers = std::vector<std::uint64_t>;
using texts = std::vector<std::string>;

} // namespace

TEST_CASE("gateway: what is published waits for its shard") {
  auto rig = gateway_rig{};
  rig.machine.on_enqueue(1, {publish_of(5, {"a"}), publish_of(6, {"b"})});
  CHECK(rig.nothing_else());
  CHECK(rig.machine.unconfirmed() == 2);
  rig.up();
  CHECK(rig.published() == texts{"a", "b"});
}

TEST_CASE("gateway: what does not number gets numbers without a gap") {
  auto rig = gateway_rig{2, 3};
  rig.up(0);
  rig.up(1);
  rig.machine.on_enqueue(
    1, {publish_of(1, {"a", "b"}, 0), publish_of(2, {"c"}, 1),
        publish_of(3, {"d"}, 2), publish_of(4, {"e"}, 0)});
  auto sent = rig.sent<gateway::enqueue>();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].first == 0); // partitions 0 and 2
  const auto& first = sent[0].second.what;
  REQUIRE(first.size() == 3);
  CHECK(first[0].publisher == "gate");
  CHECK(first[0].sequences == numbers{1, 2});
  CHECK(first[1].partition == 2);
  CHECK(first[1].sequences == numbers{1});
  CHECK(first[2].sequences == numbers{3});
  CHECK(sent[1].first == 1);
  CHECK(sent[1].second.what.at(0).sequences == numbers{1});
}

TEST_CASE("gateway: who numbers keeps its numbers") {
  auto rig = gateway_rig{};
  rig.up();
  auto own = publish_of(1, {"a"});
  own.publisher = "file";
  own.sequences = {77};
  rig.machine.on_enqueue(1, {own, publish_of(2, {"b"})});
  auto sent = rig.sent<gateway::enqueue>();
  CHECK(sent.at(0).second.what.at(0).publisher == "file");
  CHECK(sent.at(0).second.what.at(0).sequences == numbers{77});
  CHECK(sent.at(0).second.what.at(1).sequences == numbers{1});
}

TEST_CASE("gateway: confirms go to whoever published, by its own tickets") {
  auto rig = gateway_rig{};
  rig.up();
  rig.machine.on_enqueue(1, {publish_of(7, {"a"}), publish_of(8, {"b"})});
  rig.machine.on_enqueue(2, {publish_of(7, {"c", "d"})});
  auto tickets = numbers{};
  for (const auto& [to, x] : rig.sent<gateway::enqueue>())
    for (const auto& y : x.what) tickets.push_back(y.ticket);
  REQUIRE(tickets.size() == 3);
  rig.reply(gateway::confirmed{{tickets[2], tickets[0]}, {{tickets[2], {1}}}});
  auto told = rig.told<gateway::confirmed>();
  REQUIRE(told.size() == 2);
  CHECK(told[0].first == 1);
  CHECK(told[0].second.tickets == numbers{7});
  CHECK(told[0].second.refused.empty());
  CHECK(told[1].first == 2);
  CHECK(told[1].second.tickets == numbers{7});
  CHECK(told[1].second.refused.at(7) == std::vector<std::uint32_t>{1});
  CHECK(rig.machine.unconfirmed() == 1);
  rig.reply(gateway::confirmed{{tickets[0]}, {}}); // said twice
  CHECK(rig.nothing_else());
}

TEST_CASE(
  "gateway: what is not confirmed comes again, in order, before newer") {
  auto rig = gateway_rig{};
  rig.up();
  for (std::uint64_t i = 1; i <= 3; ++i)
    rig.machine.on_enqueue(1, {publish_of(i, {std::to_string(i)})});
  auto sent = rig.sent<gateway::enqueue>();
  auto second = sent.at(1).second.what.at(0);
  rig.reply(gateway::confirmed{{second.ticket}, {}});
  rig.machine.on_down(0);
  rig.machine.on_enqueue(1, {publish_of(4, {"4"})});
  rig.up();
  auto again = rig.sent<gateway::enqueue>();
  REQUIRE(again.size() == 1);
  REQUIRE(again[0].second.what.size() == 3);
  CHECK(again[0].second.what[0].sequences == numbers{1});
  CHECK(again[0].second.what[1].sequences == numbers{3});
  CHECK(again[0].second.what[2].sequences == numbers{4});
  CHECK(again[0].second.what[0].ticket == sent[0].second.what[0].ticket);
}

TEST_CASE("gateway: a shard that comes up twice ends what was before") {
  auto rig = gateway_rig{};
  rig.up();
  rig.machine.on_enqueue(1, {publish_of(1, {"a"})});
  CHECK(rig.published() == texts{"a"});
  rig.up();
  CHECK(rig.published() == texts{"a"});
  rig.machine.on_enqueue(1, {publish_of(2, {"b"})});
  CHECK(rig.published() == texts{"b"}); // "a" is under way already
}

TEST_CASE("gateway: replies of an earlier session are ignored") {
  auto rig = gateway_rig{};
  rig.up();
  auto old = rig.session;
  rig.machine.on_enqueue(1, {publish_of(1, {"a"})});
  auto ticket = rig.sent<gateway::enqueue>().at(0).second.what.at(0).ticket;
  rig.machine.on_down(0);
  rig.machine.on_reply(0, old, gateway::confirmed{{ticket}, {}});
  CHECK(rig.machine.unconfirmed() == 1);
  rig.up();
  rig.machine.on_reply(0, old, gateway::confirmed{{ticket}, {}});
  CHECK(rig.machine.unconfirmed() == 1);
  CHECK(rig.told<gateway::confirmed>().empty());
}

TEST_CASE("gateway: much that waited goes in pieces") {
  auto rig = gateway_rig{};
  for (std::uint64_t i = 0; i < 5; ++i)
    rig.machine.on_enqueue(1, {publish_of(i, {std::string(600'000, 'x')})});
  rig.up();
  auto sizes = std::vector<std::size_t>{};
  for (const auto& [to, x] : rig.sent<gateway::enqueue>())
    sizes.push_back(x.what.size());
  CHECK(sizes == std::vector<std::size_t>{2, 2, 1});
}

TEST_CASE("gateway: what a client that ended published is delivered") {
  auto rig = gateway_rig{};
  rig.machine.on_enqueue(1, {publish_of(1, {"a"})});
  rig.machine.on_client_gone(1, {});
  rig.up();
  auto ticket = rig.sent<gateway::enqueue>().at(0).second.what.at(0).ticket;
  rig.reply(gateway::confirmed{{ticket}, {}});
  CHECK(rig.nothing_else());
  CHECK(rig.machine.unconfirmed() == 0);
}

TEST_CASE("gateway: what may have been refused unheard counts as refused") {
  auto options = gateway_over(1, 1);
  options.may_refuse = true;
  auto rig = gateway_rig{options};
  rig.up();
  auto own = publish_of(2, {"c"});
  own.publisher = "file";
  own.sequences = {1};
  rig.machine.on_enqueue(1, {publish_of(1, {"a", "b"}), own});
  rig.drop_all();
  rig.up();
  rig.machine.on_enqueue(1, {publish_of(3, {"d"})});
  auto all = gateway::confirmed{};
  for (const auto& [to, x] : rig.sent<gateway::enqueue>())
    for (const auto& y : x.what)
      if (std::ranges::find(all.tickets, y.ticket) == all.tickets.end())
        all.tickets.push_back(y.ticket);
  rig.reply(all);
  auto told = rig.told<gateway::confirmed>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].second.tickets == numbers{1, 2, 3});
  auto refused =
    std::map<std::uint64_t, std::vector<std::uint32_t>>{{1, {0, 1}}};
  CHECK(told[0].second.refused == refused);
}

TEST_CASE(
  "gateway: a queue that is gone confirms what went as far as it could") {
  auto rig = gateway_rig{};
  rig.machine.on_enqueue(3, {publish_of(9, {"a"})});
  rig.machine.on_queue_gone();
  auto told = rig.told<gateway::confirmed>();
  CHECK(told.at(0).first == 3);
  CHECK(told.at(0).second.tickets == numbers{9});
  CHECK(rig.machine.unconfirmed() == 0);
}

TEST_CASE("gateway: options name each group once and where partitions lie") {
  auto queue = queue_options{};
  queue.name = "q";
  queue.partitions = 70;
  queue.overflow = overflow::reject_publish;
  auto made = gateway::make_options(queue, "gate");
  CHECK(made.shards.size() == 64);
  REQUIRE(made.shard_of.size() == 70);
  CHECK(made.shard_of[64] == made.shard_of[0]); // groups are taken in turns
  CHECK(made.shard_of[1] != made.shard_of[0]);
  CHECK(made.may_refuse);
  queue.is_in_one_group = true;
  queue.overflow = overflow::hold;
  made = gateway::make_options(queue, "gate");
  CHECK(made.shards.size() == 1);
  CHECK(made.shard_of == std::vector<std::size_t>(70, 0));
  CHECK_FALSE(made.may_refuse);
}
