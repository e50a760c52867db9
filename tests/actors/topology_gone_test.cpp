#include "tests/actors/topology_members.hpp"

// What the topology of a cluster says of queues that may be gone.

using namespace troupe;
using namespace troupe::test;

namespace {

using topology_messages::ask_gone;

constexpr auto unknown_queue = queue_id{99};

/// Returns what is answered: 1 for a queue that is gone.
std::optional<std::uint64_t> told_gone(topology_members& set) {
  auto found = set.answer();
  if (!found) return std::nullopt;
  return std::get<amqp::done>(*found).messages;
}

std::optional<std::uint64_t>
ask_whether_gone(topology_members& set, std::uint16_t member, queue_id which) {
  set.tell(member, ask_gone{which});
  return told_gone(set);
}

} // namespace

TEST_CASE("topology_cluster: a queue is gone where the leader knows it not") {
  auto member = GENERATE(std::uint16_t{1}, std::uint16_t{2});
  auto set = topology_members{2};
  set.elect(1);
  set.get_done(2, durable_queue("q"));
  auto id = set.find(2, "q")->id;
  CHECK(ask_whether_gone(set, member, id) == 0);
  CHECK(ask_whether_gone(set, member, unknown_queue) == 1);
  set.get_done(2, without("q"));
  CHECK(ask_whether_gone(set, member, id) == 1);
}

TEST_CASE("topology_cluster: a queue is gone once an entry behind is stored") {
  auto set = topology_members{2};
  set.elect(1);
  set.store->is_slow = true;
  CHECK_FALSE(ask_whether_gone(set, 2, unknown_queue));
  set.answer_store();
  CHECK(told_gone(set) == 1);
}

TEST_CASE("topology_cluster: who led before does not say what is gone") {
  auto set = topology_members{2};
  set.elect(1);
  set.cut(1);
  set.store->is_slow = true;
  auto next = queue_id{set.store->last_queue + 1};
  CHECK_FALSE(ask_whether_gone(set, 1, next));
  set.lose_unstored();
  set.store->is_slow = false;
  set.elect(2);
  set.get_done(2, durable_queue("q"));
  REQUIRE(set.find(2, "q")->id == next);
  CHECK_FALSE(told_gone(set));
  set.join(1);
  CHECK(told_gone(set) == 0);
}

TEST_CASE("topology_cluster: who cannot read all does not say what is gone") {
  auto set = topology_members{1};
  auto odd = commit_request{};
  odd.changes.push_back(
    {group_id{0}, {topology_owner, "/", "queue/q", "no record"}});
  set.store->seen.push_back(odd);
  set.elect(1);
  CHECK(ask_whether_gone(set, 1, unknown_queue) == 0);
}
