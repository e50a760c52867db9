#include "actors/cluster/declared_id.hpp"
#include "tests/actors/cluster/hosting_stage.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

using topology_messages::ask_gone;

const auto one_stranger = declared_id(42);
const auto other_stranger = declared_id(44);

const auto told_gone = edge::answered{amqp::done{"", 1, 0}};
const auto told_there = edge::answered{amqp::done{}};

/// Lets a member lead, where these queues left something.
void lead_among(hosting_stage& set, std::vector<queue_id> strangers) {
  set.lead(1);
  auto asked = set.box.take<lookup::recover_shards>();
  REQUIRE(asked);
  set.box.tell(
    set.hosting,
    hosting::recovered{asked->group, asked->epoch, {}, std::move(strangers)});
}

/// Returns which queue is asked for, if one is.
std::optional<queue_id> asked_for(hosting_stage& set) {
  auto found = set.box.take<ask_gone>();
  if (!found) return std::nullopt;
  return found->which;
}

bool looks_for_more(hosting_stage& set) {
  return set.box.take<lookup::find_orphans>().has_value();
}

} // namespace

TEST_CASE("hosting_actor: what queues that are gone left is erased") {
  auto set = hosting_stage{};
  lead_among(set, {one_stranger, other_stranger});
  CHECK_FALSE(asked_for(set)); // it may hear of them yet
  set.box.wait(30s);
  CHECK(asked_for(set) == one_stranger);
  CHECK_FALSE(asked_for(set)); // one at a time
  set.box.tell(set.hosting, told_gone);
  CHECK(asked_for(set) == other_stranger);
  CHECK_FALSE(looks_for_more(set));
  set.box.tell(set.hosting, told_there);
  auto wanted = set.box.take<lookup::find_orphans>();
  REQUIRE(wanted);
  CHECK(wanted->queues == std::vector{one_stranger});
  set.box.tell(set.hosting, hosting::orphans{set.group(), 1, {3, 5}, false});
  CHECK(set.log.erased == std::vector<log_index>{3, 5});
  REQUIRE(looks_for_more(set)); // there is more
  set.box.tell(set.hosting, hosting::orphans{set.group(), 1, {7}, true});
  CHECK(set.log.erased == std::vector<log_index>{3, 5, 7});
  CHECK_FALSE(looks_for_more(set));
  set.box.wait(60s);
  CHECK_FALSE(asked_for(set));
}

TEST_CASE("hosting_actor: a queue that is heard of late is left alone") {
  auto set = hosting_stage{};
  lead_among(set, {one_stranger});
  set.options.id = one_stranger;
  set.know();
  set.box.wait(60s);
  CHECK_FALSE(asked_for(set));
}

TEST_CASE("hosting_actor: what nobody can tell of is left alone") {
  auto set = hosting_stage{};
  lead_among(set, {one_stranger});
  set.box.wait(30s);
  REQUIRE(asked_for(set));
  auto why = amqp::refused{amqp::reply_code::internal_error, "no"};
  set.box.tell(set.hosting, edge::answered{why});
  CHECK_FALSE(looks_for_more(set));
  CHECK(set.log.erased.empty());
}

TEST_CASE("hosting_actor: configured queues are never asked for") {
  auto set = hosting_stage{};
  auto number = static_cast<std::uint64_t>(one_stranger);
  lead_among(set, {queue_id{2}, queue_id{number | 1}});
  set.box.wait(60s);
  CHECK_FALSE(asked_for(set));
}

TEST_CASE("hosting_actor: who has lost a group erases nothing in it") {
  auto set = hosting_stage{};
  lead_among(set, {one_stranger, other_stranger});
  auto lose = [&] { set.box.tell(set.hosting, hosting::lost{set.group()}); };
  SECTION("before it asks") {
    lose();
    set.box.wait(60s);
    CHECK_FALSE(asked_for(set));
  }
  SECTION("before it is answered") {
    set.box.wait(30s);
    REQUIRE(asked_for(set));
    lose();
    set.box.tell(set.hosting, told_gone);
    CHECK_FALSE(asked_for(set));
    CHECK_FALSE(looks_for_more(set));
  }
  SECTION("before they are found") {
    set.box.wait(30s);
    set.box.tell(set.hosting, told_gone);
    set.box.tell(set.hosting, told_gone);
    REQUIRE(looks_for_more(set));
    lose();
    set.lead(2);
    set.box.tell(set.hosting, hosting::orphans{set.group(), 1, {3}, true});
    CHECK(set.log.erased.empty());
  }
}

TEST_CASE("hosting_actor: a queue deleted while its group is read is seen to") {
  auto set = hosting_stage{};
  set.options.id = one_stranger;
  set.know();
  set.lead(1);
  set.box.tell(set.hosting, hosting::queue_gone{set.options.full_name()});
  REQUIRE(set.recover());
  CHECK(set.up().empty());
  set.box.wait(30s);
  CHECK(asked_for(set) == one_stranger);
}

TEST_CASE("hosting_actor: a deleted queue whose shard had failed is seen to") {
  auto set = hosting_stage{};
  set.options.id = one_stranger;
  set.start();
  set.crash_shard();
  set.box.tell(set.hosting, hosting::queue_gone{set.options.full_name()});
  set.box.wait(30s);
  CHECK(asked_for(set) == one_stranger);
}
