#include "tests/actors/topology_members.hpp"

// Topologies of several members, of which one decides.

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

amqp::change_binding unbound(
  const std::string& exchange,
  const std::string& queue,
  const std::string& key) {
  auto made = bound(exchange, queue, key);
  made.adds = false;
  return made;
}

/// One queue of the configuration, as every member's node tells it.
topology_start with_configured() {
  auto made = topology_start{};
  made.machine.add_vhost("/");
  auto options = queue_options{};
  options.name = "orders";
  options.id = queue_id{77};
  options.vhost = "/";
  options.is_durable = true;
  made.configured[options.full_name()] = options.id;
  declare(made.machine, options);
  return made;
}

} // namespace

// -- one decides, all route

TEST_CASE("topology_cluster: what a follower's client declares, all route") {
  auto set = topology_members{2};
  set.elect(1);
  CHECK(set.get_done(2, durable_queue("q")).queue == "q");
  set.get_done(2, a_queue("passing"));
  set.get_done(2, an_exchange("x", "topic"));
  set.get_done(2, bound("x", "q", "k"));
  set.get_done(2, bound("amq.direct", "passing", "k"));
  for (std::uint16_t member : {1, 2}) {
    CHECK(set.where(member, "q"));
    CHECK(set.where(member, "passing"));
    CHECK(set.reached(member, "x", "k") == 1);
    CHECK(set.reached(member, "amq.direct", "k") == 1);
    CHECK(set.find(member, "q")->id == set.find(1, "q")->id);
    CHECK(set.opened(member) == strings{"q", "passing"});
  }
  CHECK(set.where(1, "q") != set.where(2, "q"));
  CHECK(set.store->seen.size() == 1); // the queue: all else is in memory
}

TEST_CASE("topology_cluster: what the leader's client declares, all route") {
  auto set = topology_members{3};
  set.elect(1);
  set.get_done(1, durable_queue("q"));
  set.get_done(1, bound("amq.direct", "q", "k"));
  for (std::uint16_t member : {1, 2, 3})
    CHECK(set.reached(member, "amq.direct", "k") == 1);
}

TEST_CASE("topology_cluster: what is deleted is gone everywhere") {
  auto set = topology_members{2};
  set.elect(1);
  set.get_done(2, durable_queue("q"));
  set.get_done(2, a_queue("passing"));
  set.get_done(2, bound("amq.direct", "q", "k"));
  auto gateway = caf::actor_cast<caf::actor_addr>(set.where(2, "passing"));
  set.get_done(2, unbound("amq.direct", "q", "k"));
  CHECK(set.reached(1, "amq.direct", "k") == 0);
  CHECK(set.reached(2, "amq.direct", "k") == 0);
  set.get_done(1, without("passing"));
  set.get_done(2, without("q"));
  for (std::uint16_t member : {1, 2}) {
    CHECK_FALSE(set.find(member, "q"));
    CHECK_FALSE(set.find(member, "passing"));
    CHECK(set.gone(member) == strings{"passing", "q"});
  }
  set.box.play();
  CHECK_FALSE(caf::actor_cast<caf::actor>(gateway)); // it has ended
  CHECK(set.store->drops == strings{"q"});           // by one alone
}

TEST_CASE("topology_cluster: a queue that is deleted and declared anew has "
          "another gateway") {
  auto set = topology_members{2};
  set.elect(1);
  set.get_done(1, a_queue("q"));
  auto before = set.where(2, "q");
  set.get_done(1, without("q"));
  set.get_done(1, a_queue("q"));
  REQUIRE(set.where(2, "q"));
  CHECK(set.where(2, "q") != before);
  CHECK(set.gone(2) == strings{"q"});
}

TEST_CASE("topology_cluster: refusals and counts come back to a follower") {
  auto set = topology_members{2};
  set.elect(1);
  CHECK(set.refused_with(2, passive("q")) == amqp::reply_code::not_found);
  CHECK(
    set.refused_with(2, bound("amq.direct", "q", "k"))
    == amqp::reply_code::not_found);
  set.get_done(2, durable_queue("q"));
  CHECK(
    set.refused_with(2, a_queue("q")) == amqp::reply_code::precondition_failed);
  CHECK(
    set.refused_with(2, amqp::open_vhost{"nowhere"})
    == amqp::reply_code::not_allowed);
  CHECK(set.refused_with(2, amqp::login{}) == amqp::reply_code::internal_error);
  auto what = troupe::publish{};
  what.ticket = 1;
  what.messages = batch_of({"a", "b"});
  set.box.tell(set.where(1, "q"), queue::enqueue{{what}});
  CHECK(set.get_done(2, passive("q")).messages == 2);
  CHECK(set.get_done(2, amqp::purge_queue{"/", "q"}).messages == 2);
}

TEST_CASE("topology_cluster: a follower makes up names that are not taken") {
  auto set = topology_members{2};
  set.elect(1);
  auto first = set.get_done(2, exclusive_queue("")).queue;
  auto second = set.get_done(2, exclusive_queue("")).queue;
  CHECK(first.starts_with("amq.gen-"));
  CHECK(first != second);
  CHECK(set.where(1, first));
  CHECK(
    set.refused_with(2, a_queue("amq.gen-mine"))
    == amqp::reply_code::access_refused);
  auto asked = queue_with("", {"x-name-prefix", {std::string{"amq."}}});
  CHECK(set.refused_with(2, asked) == amqp::reply_code::access_refused);
}

TEST_CASE("topology_cluster: a vhost is opened while nobody leads") {
  auto set = topology_members{2};
  set.elect(1);
  set.tell(2, topology_messages::follow{0});
  set.get_done(2, amqp::open_vhost{"/"});
  CHECK_FALSE(set.ask(2, a_queue("q")));
}

TEST_CASE("topology_cluster: a vhost waits until its queues are known") {
  auto set = topology_members{2};
  CHECK_FALSE(set.ask(1, amqp::open_vhost{"/"}));
  CHECK_FALSE(set.ask(2, amqp::open_vhost{"/"}));
  set.elect(1);
  CHECK(set.answers() == 2);
}

TEST_CASE("topology_cluster: a delayed exchange's queue comes and goes "
          "everywhere") {
  auto set = topology_members{2};
  set.elect(1);
  auto asked = an_exchange("later", "x-delayed-message");
  asked.arguments.fields.push_back({"x-delayed-type", {std::string{"direct"}}});
  set.get_done(2, asked);
  auto waiting = amqp::delayed_queue_name("later");
  CHECK(set.where(1, waiting));
  CHECK(set.where(2, waiting));
  set.get_done(2, amqp::delete_exchange{"/", "later"});
  CHECK_FALSE(set.find(1, waiting));
  CHECK_FALSE(set.find(2, waiting));
}

TEST_CASE("topology_cluster: a new binding is brought a history") {
  auto set = topology_members{2};
  set.elect(1);
  auto asked = an_exchange("recent", "x-recent-history");
  set.get_done(2, asked);
  auto what = troupe::publish{};
  what.ticket = 1;
  what.messages = batch_of({"a", "b"});
  auto kept = amqp::history_queue_name("recent");
  set.box.tell(set.where(1, kept), queue::enqueue{{what}});
  set.get_done(2, a_queue("q"));
  set.get_done(2, bound("recent", "q", ""));
  CHECK(set.get_done(2, passive("q")).messages == 2);
  CHECK(set.reached(2, "recent", "") == 1);
}

// -- the order of store, others and answers

TEST_CASE("topology_cluster: others and clients hear of what is stored") {
  auto set = topology_members{2};
  set.elect(1);
  set.store->is_slow = true;
  CHECK_FALSE(set.ask(2, durable_queue("q")));
  CHECK(set.find(1, "q"));
  CHECK_FALSE(set.find(2, "q"));
  set.answer_store();
  CHECK(set.find(2, "q"));
  CHECK(set.answers() == 1);
}

TEST_CASE("topology_cluster: what is in memory waits for what is stored before "
          "it") {
  auto set = topology_members{2};
  set.elect(1);
  set.store->is_slow = true;
  set.ask(2, durable_queue("q"));
  set.ask(2, bound("amq.topic", "q", "k")); // stored as well
  CHECK_FALSE(set.ask(1, a_queue("passing")));
  CHECK_FALSE(set.ask(2, durable_queue("q"), 2)); // is there, not everywhere
  CHECK_FALSE(set.find(2, "passing"));
  set.answer_store();
  CHECK(set.answers() == 4);
  CHECK(set.find(2, "passing"));
  CHECK(set.reached(2, "amq.topic", "k") == 1);
}

TEST_CASE("topology_cluster: nobody is answered before its member routes") {
  auto set = topology_members{2};
  set.elect(1);
  set.net->held.insert({1, 2});
  CHECK_FALSE(set.ask(2, a_queue("q")));
  REQUIRE(set.net->waiting.size() == 2);
  SECTION("in order") {
    set.bring_held();
    CHECK(set.find(2, "q"));
    CHECK(set.answers() == 1);
  }
  SECTION("the change is lost") {
    set.net->waiting.pop_front();
    set.bring_held(); // the answer makes it want the whole, and ask again
    CHECK(set.find(2, "q"));
    CHECK(set.answers() == 1);
  }
}

// -- the configuration

TEST_CASE("topology_cluster: what the configuration has is on every member") {
  auto set = topology_members{2, with_configured()};
  set.elect(1);
  set.get_done(2, bound("amq.direct", "orders", "k"));
  CHECK(
    set.refused_with(2, without("orders")) == amqp::reply_code::access_refused);
  set.elect(2); // both have begun anew
  set.elect(1);
  for (std::uint16_t member : {1, 2}) {
    CHECK(set.reached(member, "amq.direct", "k") == 1);
    CHECK(set.find(member, "orders")->id == queue_id{77});
    CHECK(set.opened(member).empty()); // not clients', others start it
  }
}

TEST_CASE("topology_cluster: a configured queue keeps its place") {
  auto set = topology_members{2, with_configured()};
  set.elect(1);
  auto options = queue_options{};
  options.name = "orders";
  options.id = queue_id{77};
  options.vhost = "/";
  auto here =
    set.box.spawn(run_queue, set.places(2), queue_start{options, {}, nullptr});
  CHECK(set.where(2, "orders") == here);
  set.elect(2);
  set.elect(1);
  CHECK(set.where(2, "orders") == here);
}

TEST_CASE("topology_cluster: a gateway that fails is opened again") {
  auto set = topology_members{2};
  set.elect(1);
  set.get_done(1, a_queue("q"));
  auto before = set.where(2, "q");
  caf::anon_send_exit(before, caf::exit_reason::kill);
  set.box.play();
  CHECK(set.where(2, "q"));
  CHECK(set.where(2, "q") != before);
  CHECK(set.gone(2).empty());
}
