#include "tests/actors/topology_members.hpp"

// What becomes of topologies when members, leaders and links come and go.

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

} // namespace

// -- members come and go

TEST_CASE("topology_cluster: a new member gets everything") {
  auto set = topology_members{1};
  set.elect(1);
  set.get_done(1, durable_queue("q"));
  set.get_done(1, exclusive_queue("mine"));
  set.get_done(1, an_exchange("x", "fanout"));
  set.get_done(1, bound("x", "mine", ""));
  auto added = set.add();
  CHECK_FALSE(set.find(added, "q"));
  set.tell(1, topology_messages::member_up{added});
  CHECK(set.where(added, "q"));
  CHECK(set.find(added, "mine")->owner == set.connection(1));
  CHECK(set.reached(added, "x", "") == 1);
  CHECK(set.get_done(added, passive("q")).queue == "q"); // knows whom to ask
}

TEST_CASE("topology_cluster: a member that goes takes its exclusive queues "
          "along") {
  auto set = topology_members{3};
  set.elect(1);
  set.get_done(2, exclusive_queue("two"));
  set.get_done(3, exclusive_queue("three"));
  set.get_done(3, a_queue("everybody's"));
  set.cut(3);
  set.tell(1, topology_messages::member_gone{3});
  set.tell(2, topology_messages::member_gone{3});
  for (std::uint16_t member : {1, 2}) {
    CHECK(set.find(member, "two"));
    CHECK_FALSE(set.find(member, "three"));
    CHECK(set.find(member, "everybody's"));
  }
  CHECK(set.gone(2) == strings{"three"});
}

TEST_CASE("topology_cluster: a new leader drops what members before it left") {
  auto set = topology_members{3};
  set.elect(3);
  set.get_done(3, exclusive_queue("three"));
  REQUIRE(set.find(1, "three"));
  set.cut(3);
  set.tell(1, topology_messages::member_gone{3}); // does not decide yet
  CHECK(set.find(1, "three"));
  set.elect(1);
  CHECK_FALSE(set.find(1, "three"));
  CHECK_FALSE(set.find(2, "three"));
}

TEST_CASE("topology_cluster: a connection that ends takes its queues along, by "
          "the leader") {
  auto set = topology_members{2};
  set.elect(1);
  set.get_done(2, exclusive_queue("first"), 1);
  set.get_done(2, exclusive_queue("second"), 2);
  set.tell(2, broker::connection_gone{set.connection(2, 1)});
  for (std::uint16_t member : {1, 2}) {
    CHECK_FALSE(set.find(member, "first"));
    CHECK(set.find(member, "second"));
  }
  auto brought = set.net->brought;
  set.tell(2, broker::connection_gone{set.connection(2, 9)});
  CHECK(set.net->brought == brought); // it had nothing that others know of
}

TEST_CASE("topology_cluster: a connection that ends while its queue is made "
          "leaves none") {
  auto set = topology_members{2};
  set.elect(1);
  set.net->held.insert({1, 2});
  set.ask(2, exclusive_queue("q"));
  REQUIRE(set.find(1, "q"));
  set.tell(2, broker::connection_gone{set.connection(2)});
  set.bring_held();
  CHECK_FALSE(set.find(1, "q"));
  CHECK_FALSE(set.find(2, "q"));
  CHECK(set.answers() == 0); // nobody waits
}

TEST_CASE("topology_cluster: what a connection never had sent is forgotten "
          "with it") {
  auto set = topology_members{2};
  set.ask(2, exclusive_queue("q"));
  set.tell(2, broker::connection_gone{set.connection(2)});
  set.elect(1);
  CHECK_FALSE(set.find(1, "q"));
  CHECK(set.answers() == 0);
}

TEST_CASE("topology_cluster: a queue that nobody uses goes by the leader") {
  auto set = topology_members{2};
  set.elect(1);
  auto asked = a_queue("q");
  asked.auto_delete = true;
  set.get_done(2, asked);
  auto id = set.find(2, "q")->id;
  for (auto i = 0; i < 3; ++i) set.tell(2, broker::queue_unused{id, true});
  CHECK_FALSE(set.find(1, "q"));
  CHECK_FALSE(set.find(2, "q"));
  set.tell(2, broker::queue_unused{id, true}); // is gone already
  set.get_done(2, asked);
  CHECK(set.find(2, "q"));
}

// -- a change of leader

TEST_CASE("topology_cluster: what is asked while nobody leads is answered "
          "once somebody does") {
  auto set = topology_members{3};
  for (std::uint16_t member : {1, 2, 3})
    CHECK_FALSE(set.ask(member, a_queue("q" + std::to_string(member))));
  set.elect(2);
  CHECK(set.answers() == 3);
  for (std::uint16_t member : {1, 2, 3})
    for (const auto* name : {"q1", "q2", "q3"}) CHECK(set.find(member, name));
}

TEST_CASE("topology_cluster: asks that are open when the leader changes are "
          "answered once") {
  auto set = topology_members{3};
  set.elect(1);
  set.get_done(1, durable_queue("there"));
  set.store->is_slow = true;
  // One asked where it is decided, one by another member; neither is stored.
  CHECK_FALSE(set.ask(1, durable_queue("one")));
  CHECK_FALSE(set.ask(2, durable_queue("two")));
  CHECK_FALSE(set.ask(3, bound("amq.topic", "there", "k")));
  REQUIRE(set.find(1, "one"));
  SECTION("lost with it") {
    set.lose_unstored();
    set.elect(2);
    set.store->is_slow = false;
    set.answer_store();
  }
  SECTION("stored, and its answer comes late") {
    set.elect(2);
    set.answer_store();
    set.answer_store();
  }
  SECTION("and it leads again") {
    set.elect(2);
    set.elect(1);
    set.store->is_slow = false;
    set.answer_store();
  }
  CHECK(set.answers() == 3);
  for (std::uint16_t member : {1, 2, 3}) {
    CHECK(set.find(member, "one"));
    CHECK(set.find(member, "two"));
    CHECK(set.reached(member, "amq.topic", "k") == 1);
  }
  set.box.wait(1min);
  CHECK(set.answers() == 0);
}

TEST_CASE("topology_cluster: a late answer of the store is taken for no later "
          "one") {
  auto set = topology_members{2};
  set.elect(1);
  set.store->is_slow = true;
  CHECK_FALSE(set.ask(1, durable_queue("q")));
  auto late = std::exchange(set.store->held, {});
  REQUIRE(late.size() == 1);
  set.store->seen.clear(); // it is lost
  set.elect(2);
  set.lose_unstored();
  set.elect(1); // has it stored anew
  REQUIRE(set.store->held.size() == 1);
  set.box.self->send(late[0].first, late[0].second);
  set.box.play();
  set.tell(1, topology_messages::committed{1}); // if it was under way
  CHECK(set.answers() == 0);
  CHECK_FALSE(set.find(2, "q"));
  set.answer_store();
  CHECK(set.answers() == 1);
  CHECK(set.find(2, "q"));
}

TEST_CASE("topology_cluster: what is in memory survives a change of leader") {
  auto set = topology_members{3};
  set.elect(1);
  set.get_done(2, a_queue("passing"));
  set.get_done(3, exclusive_queue("mine"));
  set.get_done(3, an_exchange("x", "fanout"));
  set.get_done(3, bound("x", "passing", ""));
  set.get_done(3, bound("x", "mine", ""));
  auto before = set.where(2, "passing");
  auto id = set.find(2, "passing")->id;
  set.cut(1);
  set.elect(2);
  for (std::uint16_t member : {2, 3}) {
    CHECK(set.reached(member, "x", "") == 2);
    CHECK(set.find(member, "mine")->owner == set.connection(3));
  }
  CHECK(set.where(2, "passing") == before); // its gateway stays
  CHECK(set.gone(2).empty());
  set.get_done(3, a_queue("new"));
  CHECK(set.find(2, "new")->id != id); // ids are never used twice
}

TEST_CASE("topology_cluster: what the store has not kept is not there for the "
          "next leader") {
  auto set = topology_members{2};
  set.elect(1);
  set.store->is_slow = true;
  set.ask(1, durable_queue("q"));
  set.tell(1, broker::connection_gone{set.connection(1)}); // asks no more
  set.lose_unstored();
  set.elect(2);
  CHECK_FALSE(set.find(1, "q"));
  CHECK_FALSE(set.find(2, "q"));
  CHECK(set.gone(1) == strings{"q"});
}

TEST_CASE("topology_cluster: a leader that was cut off is not listened to") {
  auto set = topology_members{3};
  set.elect(1);
  set.get_done(3, a_queue("q"));
  set.cut(1);
  set.tell(2, topology_messages::lead{++set.epoch});
  set.tell(3, topology_messages::follow{2});
  set.get_done(1, a_queue("old")); // it knows nothing of that
  set.get_done(3, a_queue("new"));
  set.net->cut.clear();
  set.tell(1, topology_messages::member_up{3}); // it tells what it has
  CHECK(set.find(3, "new"));
  CHECK_FALSE(set.find(3, "old"));
  set.join(1);
  CHECK(set.find(1, "new")); // heard of the later epoch
  CHECK_FALSE(set.find(1, "old"));
  set.get_done(1, a_queue("again"));
  CHECK(set.find(2, "again"));
}

TEST_CASE("topology_cluster: an earlier epoch is not led again") {
  auto set = topology_members{2};
  set.elect(1);
  set.elect(2);
  set.tell(1, topology_messages::lead{1});
  CHECK_FALSE([&] {
    set.cut(1);
    return set.ask(1, a_queue("q")); // asks, and nobody answers
  }());
}

// -- what is lost between members

TEST_CASE("topology_cluster: an ask that is lost is asked again in time") {
  auto set = topology_members{2};
  set.elect(1);
  set.net->cut.insert({2, 1});
  CHECK_FALSE(set.ask(2, a_queue("q")));
  set.net->cut.clear();
  set.box.wait(4s);
  CHECK_FALSE(set.find(1, "q"));
  set.box.wait(2s);
  CHECK(set.answers() == 1);
  CHECK(set.find(1, "q"));
}

TEST_CASE("topology_cluster: an answer that is lost comes again") {
  auto set = topology_members{2};
  set.elect(1);
  set.net->held.insert({1, 2});
  CHECK_FALSE(set.ask(2, exclusive_queue("")));
  REQUIRE(set.net->waiting.size() == 2);
  set.net->waiting.pop_back();
  set.bring_held();
  CHECK(set.answers() == 0);
  set.tell(2, topology_messages::member_up{1});
  auto found = set.answer();
  REQUIRE(found);
  CHECK(set.find(1, std::get<amqp::done>(*found).queue));
  CHECK(set.opened(1).size() == 1); // one queue, though asked for twice
}

TEST_CASE("topology_cluster: a repeat of what is being decided changes "
          "nothing") {
  auto set = topology_members{2};
  set.elect(1);
  set.store->is_slow = true;
  set.ask(2, durable_queue("q"));
  set.tell(2, topology_messages::member_up{1}); // asks again
  set.tell(2, topology_messages::member_up{1});
  set.net->held.insert({1, 2});
  set.answer_store();
  CHECK(set.net->waiting.size() == 2); // the change and one answer
  set.bring_held();
  CHECK(set.answers() == 1);
  CHECK(set.store->seen.size() == 1);
}

TEST_CASE("topology_cluster: a change that is lost is made up for") {
  auto set = topology_members{2};
  set.elect(1);
  set.net->cut.insert({1, 2});
  set.get_done(1, a_queue("lost"));
  set.net->cut.clear();
  set.get_done(1, a_queue("next"));
  CHECK(set.find(2, "lost"));
  CHECK(set.find(2, "next"));
}

TEST_CASE("topology_cluster: bytes that make no sense change nothing") {
  auto set = topology_members{2};
  set.elect(1);
  set.get_done(2, a_queue("q"));
  for (const auto* bytes : {"", "x", "\x01\x02", "\x01\x07"})
    for (std::uint16_t member : {1, 2}) {
      set.tell(member, topology_messages::incoming{2, bytes});
      CHECK(set.find(member, "q"));
    }
  set.get_done(2, a_queue("still"));
}
