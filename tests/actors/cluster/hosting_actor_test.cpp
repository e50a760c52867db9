#include "tests/actors/cluster/hosting_stage.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

using strings = std::vector<std::string>;

const auto both = strings{"source", "stage of orders"};

void put(hosting_stage& set, const std::string& body) {
  auto what = troupe::publish{};
  what.ticket = 1;
  what.messages = batch_of({body});
  set.box.tell(set.shard(), queue::enqueue{{what}});
  REQUIRE(set.box.take<router::confirmed>());
}

std::uint64_t length(hosting_stage& set) {
  auto told = set.box.ask<queue::description>(set.shard(), queue::describe{});
  REQUIRE(told);
  return told->figures.length;
}

} // namespace

TEST_CASE("hosting_actor: who leads a group recovers and handles its queues") {
  auto set = hosting_stage{};
  set.know();
  CHECK(set.up().empty());
  set.lead(3);
  REQUIRE(set.led.size() == 1);
  CHECK(set.led[0] == std::pair{set.group(), std::uint64_t{3}});
  CHECK(set.up().empty()); // not before it is read
  CHECK(set.handling().empty());
  REQUIRE(set.recover());
  CHECK(set.up() == strings{shard_name(set.options, set.group())});
  CHECK(set.handling() == both);
}

TEST_CASE("hosting_actor: what is lost ends, and is there when led again") {
  auto set = hosting_stage{};
  set.start(1);
  put(set, "a");
  set.box.tell(set.hosting, hosting::lost{set.group()});
  CHECK(set.up().empty());
  set.end_handlers();
  CHECK(set.handling().empty());
  set.lead(2);
  REQUIRE(set.recover());
  CHECK(length(set) == 1);
  CHECK(set.handling() == both);
}

TEST_CASE("hosting_actor: queues of an epoch that is over do not come up") {
  auto set = hosting_stage{};
  set.know();
  set.lead(1);
  auto late = set.box.take<lookup::recover_shards>();
  REQUIRE(late);
  set.box.tell(set.hosting, hosting::lost{set.group()});
  set.box.tell(set.hosting, hosting::recovered{late->group, late->epoch, {}});
  CHECK(set.up().empty());
  set.lead(2);
  set.box.tell(set.hosting, hosting::recovered{late->group, late->epoch, {}});
  CHECK(set.up().empty());
  REQUIRE(set.recover());
  CHECK(set.up().size() == 1);
}

TEST_CASE("hosting_actor: a queue that is declared later comes up as stored") {
  auto set = hosting_stage{};
  set.lead(1);
  REQUIRE(set.recover());
  CHECK(set.handling() == strings{"source"});
  set.know();
  CHECK(set.up().empty()); // it reads what another leader may have stored
  set.recover_alone();
  CHECK(set.up().size() == 1);
  CHECK(set.handling() == both);
  set.know(); // again
  CHECK(set.handling() == both);
}

TEST_CASE("hosting_actor: a queue that is deleted ends and stays away") {
  auto set = hosting_stage{};
  set.start();
  put(set, "a");
  set.box.tell(set.hosting, hosting::queue_gone{set.options.full_name()});
  CHECK(set.up().empty());
  CHECK(set.log.recover(set.options, set.group())->figures().length == 0);
  set.box.wait(1s);
  set.recover_alone();
  CHECK(set.up().empty());
  set.lead(2);
  REQUIRE(set.recover());
  CHECK(set.up().empty());
}

// -- giving groups away

TEST_CASE("hosting_actor: a drain is told once handlers have stopped") {
  auto set = hosting_stage{};
  set.start();
  set.box.tell(set.hosting, hosting::drain{set.group()});
  CHECK(set.ending.size() == 2);
  CHECK_FALSE(set.box.take<replicas::drained>());
  set.end_handlers();
  auto told = set.box.take<replicas::drained>();
  REQUIRE(told);
  CHECK(told->group == set.group());
  CHECK(set.up().size() == 1); // publishes are taken meanwhile
}

TEST_CASE("hosting_actor: a drain waits for what queues have to write") {
  auto set = hosting_stage{};
  set.start();
  set.log.holds = true;
  auto what = troupe::publish{};
  what.messages = batch_of({"a"});
  set.box.tell(set.shard(), queue::enqueue{{what}});
  set.box.tell(set.hosting, hosting::drain{set.group()});
  set.end_handlers();
  CHECK_FALSE(set.box.take<replicas::drained>());
  SECTION("until that is stored") {
    for (int i = 0; i < 3; ++i)
      for (auto& [to, stored] : std::exchange(set.log.held, {}))
        set.box.tell(to, stored);
    CHECK(set.box.take<replicas::drained>());
  }
  SECTION("or the queue has failed") {
    set.crash_shard();
    set.box.wait(5s);
    CHECK(set.box.take<replicas::drained>());
  }
  SECTION("however long that takes") {
    set.box.wait(1min);
    CHECK_FALSE(set.box.take<replicas::drained>());
  }
}

TEST_CASE("hosting_actor: a drain that is called off starts all again") {
  auto set = hosting_stage{};
  set.start();
  set.box.tell(set.hosting, hosting::drain{set.group()});
  set.end_handlers();
  CHECK(set.box.take<replicas::drained>());
  CHECK(set.handling().empty());
  set.box.tell(set.hosting, hosting::resume{set.group()});
  CHECK(set.handling() == both);
  set.box.tell(set.hosting, hosting::resume{set.group()}); // it is already
  CHECK(set.handling() == both);
}

TEST_CASE("hosting_actor: answers to a drain that was called off are void") {
  auto set = hosting_stage{};
  set.start();
  set.log.holds = true;
  auto what = troupe::publish{};
  what.messages = batch_of({"a"});
  set.box.tell(set.shard(), queue::enqueue{{what}});
  set.box.tell(set.hosting, hosting::drain{set.group()});
  set.end_handlers();
  set.box.tell(set.hosting, hosting::resume{set.group()});
  set.box.tell(set.hosting, hosting::drain{set.group()});
  set.log.holds = false;
  for (int i = 0; i < 3; ++i)
    for (auto& [to, stored] : std::exchange(set.log.held, {}))
      set.box.tell(to, stored);
  CHECK_FALSE(set.box.take<replicas::drained>()); // handlers run again
  set.end_handlers();
  CHECK(set.box.take<replicas::drained>());
}

TEST_CASE("hosting_actor: what is read during a drain is not handled") {
  auto set = hosting_stage{};
  set.know();
  set.lead(1);
  set.box.tell(set.hosting, hosting::drain{set.group()});
  CHECK(set.box.take<replicas::drained>());
  SECTION("then") {
    REQUIRE(set.recover());
    CHECK(set.handling().empty());
    set.box.tell(set.hosting, hosting::resume{set.group()});
  }
  SECTION("or called off before") {
    set.box.tell(set.hosting, hosting::resume{set.group()});
    CHECK(set.handling().empty());
    REQUIRE(set.recover());
  }
  CHECK(set.handling() == both);
}

TEST_CASE("hosting_actor: a queue that is still being read may be drained") {
  auto set = hosting_stage{};
  set.lead(1);
  REQUIRE(set.recover());
  set.know(); // the reader has not answered
  set.box.tell(set.hosting, hosting::drain{set.group()});
  set.end_handlers();
  CHECK(set.box.take<replicas::drained>());
}

// -- what fails

TEST_CASE("hosting_actor: a shard that crashes is started again, five times") {
  auto set = hosting_stage{};
  set.start();
  for (auto i = 1; i <= 6; ++i) {
    set.crash_shard();
    CHECK(set.up().empty());
    set.box.wait(200ms);
    set.recover_alone();
    CHECK(set.up().size() == (i <= 5 ? 1u : 0u));
  }
  CHECK(set.handling() == both); // one each, whatever became of the shard
  set.box.wait(1h);
  set.recover_alone();
  CHECK(set.up().empty());
  set.lead(2); // a new chance
  REQUIRE(set.recover());
  CHECK(set.up().size() == 1);
}

TEST_CASE("hosting_actor: failures of more than a minute ago do not count") {
  auto set = hosting_stage{};
  set.start();
  for (auto i = 0; i < 20; ++i) {
    set.crash_shard();
    set.box.wait(15s);
    set.recover_alone();
    CHECK(set.up().size() == 1);
  }
}

TEST_CASE("hosting_actor: a shard that failed and was deleted stays away") {
  auto set = hosting_stage{};
  set.start();
  set.crash_shard();
  set.box.tell(set.hosting, hosting::queue_gone{set.options.full_name()});
  set.box.wait(200ms);
  set.recover_alone();
  CHECK(set.up().empty());
  set.end_handlers();
  set.know(); // one of the same name is a new one
  set.recover_alone();
  CHECK(set.up().size() == 1);
}

TEST_CASE("hosting_actor: a stage that fails too often stops the node") {
  auto then = GENERATE(on_giving_up::escalate, on_giving_up::stop);
  auto set = hosting_stage{then};
  set.start();
  set.crash_handler();
  CHECK(set.stops.size() == 1);
}

TEST_CASE("hosting_actor: a stage that pauses does not stop the node") {
  auto set = hosting_stage{on_giving_up::pause};
  set.start();
  set.crash_handler();
  CHECK(set.stops.empty());
}

// -- stopping

TEST_CASE("hosting_actor: a stop is answered once nothing handles") {
  auto set = hosting_stage{};
  set.start();
  auto stopped = false;
  set.box.spawn([&](caf::event_based_actor* self) {
    self->request(set.hosting, caf::infinite, hosting::stop{})
      .then([&](hosting::stopped) { stopped = true; });
  });
  CHECK_FALSE(stopped);
  set.end_handlers();
  CHECK(stopped);
  CHECK(set.stops.empty());
}

TEST_CASE("hosting_actor: nothing handles any more behind a stop") {
  auto set = hosting_stage{};
  REQUIRE(set.box.ask<hosting::stopped>(set.hosting, hosting::stop{}));
  set.start();
  CHECK(set.up().size() == 1);
  CHECK(set.handling().empty());
}
