#include "tests/actors/topology_stage.hpp"

// How the queues that clients declare end, and that a crash is no end.

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

amqp::declare_queue passing_queue(const std::string& name) {
  return a_queue(name, &amqp::declare_queue::auto_delete);
}

amqp::declare_queue expiring_queue(const std::string& name) {
  return queue_with(name, {"x-expires", {std::int32_t{10'000}}});
}

/// One queue of the configuration, as the node tells the topology of it.
topology_start with_configured(const queue_options& options) {
  auto made = topology_start{};
  made.machine.add_vhost("/");
  made.configured[options.full_name()] = options.id;
  declare(made.machine, options);
  return made;
}

queue_options configured_options() {
  auto made = queue_options{};
  made.name = "orders";
  made.id = queue_id{7};
  made.vhost = "/";
  made.is_durable = true;
  return made;
}

/// A queue `dying` as it is recovered, with a dead letter under way to the
/// queue `other`.
queue_start with_dead_letter() {
  auto options = queue_options{};
  options.name = "dying";
  options.id = queue_id{1};
  options.dead_letters = dead_letter_rule{"amqp:/", "", "other"};
  auto machine = std::make_shared<queue_machine>(options);
  auto what = troupe::publish{};
  what.messages = batch_of({"a"});
  machine->on_publish(what, time_point{});
  machine->take_actions();
  machine->on_stored(0, 1);
  auto consumer = subscription{};
  consumer.id = consumer_id{1};
  machine->on_subscribe(consumer);
  machine->lend();
  auto lent = machine->take_actions();
  auto no = settlement{};
  no.rejected.push_back({lent.deliveries.at(0).runs.at(0).at, 1});
  machine->on_settle(consumer.id, 0, no, time_point{}, 0.5);
  machine->on_gone(consumer.id, {}, time_point{}, 0.5);
  machine->lend();
  machine->take_actions();
  machine->on_stored(0, 2); // its end is stored: it can go
  return {options, {}, machine};
}

} // namespace

// -- starting

TEST_CASE("topology_actor: restored queues find the routes from the start") {
  auto start = topology_start{};
  start.machine.add_vhost("/");
  start.queues.push_back(with_dead_letter());
  auto other = queue_options{};
  other.name = "other";
  other.id = queue_id{2};
  start.queues.push_back({other, {}, nullptr});
  for (const auto& x : start.queues) declare(start.machine, x.options);
  auto set = topology_stage{std::move(start)};
  CHECK(set.get_done(durable_queue("other")).messages == 1);
}

// -- connections

TEST_CASE("topology_actor: names the queues that clients leave unnamed") {
  auto set = topology_stage{};
  auto first = set.get_done(exclusive_queue("")).queue;
  auto second = set.get_done(exclusive_queue("")).queue;
  CHECK(first.starts_with("amq.gen-"));
  CHECK(first != second);
  CHECK(set.where(first));
}

TEST_CASE("topology_actor: exclusive queues go with their connection") {
  auto set = topology_stage{};
  auto named = set.get_done(exclusive_queue(""), 1).queue;
  set.get_done(exclusive_queue("mine"), 1);
  set.get_done(exclusive_queue("theirs"), 2);
  set.get_done(a_queue("everybody's"), 1);
  set.consume("mine", 5);
  set.box.tell(set.topology, broker::connection_gone{1});
  CHECK_FALSE(set.find(named));
  CHECK_FALSE(set.find("mine"));
  CHECK(set.where("theirs"));
  CHECK(set.where("everybody's"));
  auto told = set.box.take<edge::consumer_gone>();
  REQUIRE(told);
  CHECK(told->consumer == 5);
}

TEST_CASE("topology_actor: exclusive queues are locked for other connections") {
  auto set = topology_stage{};
  set.get_done(exclusive_queue("mine"), 1);
  CHECK(
    set.get_refused(exclusive_queue("mine"), 2).code
    == amqp::reply_code::resource_locked);
  CHECK(
    set.get_refused(without("mine"), 2).code
    == amqp::reply_code::resource_locked);
  CHECK(
    set.get_refused(amqp::purge_queue{"/", "mine"}, 2).code
    == amqp::reply_code::resource_locked);
  set.get_done(without("mine"), 1);
}

TEST_CASE("topology_actor: an exclusive queue is not stored, durable or not") {
  auto set = topology_stage{};
  auto asked = exclusive_queue("mine");
  asked.durable = true;
  set.get_done(asked);
  CHECK(set.store->seen.empty());
}

// -- use

TEST_CASE("topology_actor: auto_delete goes with the last consumer, not "
          "before") {
  auto set = topology_stage{};
  set.get_done(passing_queue("q"));
  CHECK(set.where("q")); // there was none yet
  set.consume("q", 1);
  set.consume("q", 2);
  set.cancel("q", 1);
  CHECK(set.where("q"));
  set.cancel("q", 2);
  CHECK_FALSE(set.find("q"));
}

TEST_CASE("topology_actor: a get is no consumer that auto_delete waits for") {
  auto set = topology_stage{};
  set.get_done(passing_queue("q"));
  set.box.tell(set.where("q"), queue::get{3, false});
  CHECK(set.answer());
  set.box.tell(set.where("q"), queue::leave{{}, 3});
  CHECK(set.where("q"));
}

TEST_CASE("topology_actor: x-expires ends a queue that nobody uses") {
  auto set = topology_stage{};
  set.get_done(expiring_queue("q"));
  set.box.wait(9s);
  CHECK(set.where("q"));
  set.box.wait(2s);
  CHECK_FALSE(set.find("q"));
}

TEST_CASE("topology_actor: gets and declarations are use, publishing is not") {
  auto set = topology_stage{};
  set.get_done(expiring_queue("q"));
  set.box.wait(6s);
  set.get_done(expiring_queue("q"));
  set.box.wait(6s);
  set.box.tell(set.where("q"), queue::get{3, true});
  CHECK(set.answer());
  set.box.wait(6s);
  REQUIRE(set.where("q"));
  set.publish("q", {"a"});
  set.box.wait(6s);
  CHECK_FALSE(set.find("q"));
}

TEST_CASE("topology_actor: a queue does not expire while it has a consumer") {
  auto set = topology_stage{};
  set.get_done(expiring_queue("q"));
  set.consume("q", 1);
  set.box.wait(1h);
  CHECK(set.where("q"));
  set.cancel("q", 1);
  set.box.wait(9s);
  CHECK(set.where("q"));
  set.box.wait(2s);
  CHECK_FALSE(set.find("q"));
}

// -- queues of the configuration

TEST_CASE("topology_actor: clients cannot delete what the configuration has") {
  auto options = configured_options();
  auto set = topology_stage{with_configured(options)};
  set.box.spawn(run_queue, set.places, queue_start{options, {}, nullptr});
  CHECK(set.where("orders")); // since it is up
  auto why = set.get_refused(without("orders"));
  CHECK(why.code == amqp::reply_code::access_refused);
  CHECK(why.text.find("configuration") != why.text.npos);
  set.publish("orders", {"a"});
  CHECK(set.get_done(durable_queue("orders")).messages == 1);
}

TEST_CASE("topology_actor: clients cannot cut a source off its exchange") {
  auto start = topology_start{};
  start.machine.add_vhost("/");
  auto exchange = exchange_declaration{};
  exchange.name = "orders";
  exchange.type = "topic";
  start.machine.declare_exchange("/", exchange).value();
  auto way = queue_declaration{};
  way.name = "amq.way";
  way.is_server_named = true;
  auto made = new_queue{};
  made.id = queue_id{9};
  made.place =
    std::make_shared<queue_place>(queue_place{{}, "source", "orders"});
  start.machine.declare_queue("/", way, made, 0).value();
  auto everything = binding{};
  everything.source = "orders";
  everything.destination = "amq.way";
  everything.routing_key = "#";
  start.machine.bind("/", everything, 0).value();
  auto set = topology_stage{std::move(start)};

  auto why = set.get_refused(amqp::delete_exchange{"/", "orders", false});
  CHECK(why.code == amqp::reply_code::access_refused);
  CHECK(why.text.find("configuration") != why.text.npos);
  auto binding = bound("orders", "amq.way", "#");
  binding.adds = false;
  CHECK(set.get_refused(binding).code == amqp::reply_code::access_refused);
  CHECK(
    set.get_refused(without("amq.way")).code
    == amqp::reply_code::access_refused);

  auto own = bound("orders", "amq.way", "mine");
  set.get_done(own); // what clients add they may take away
  own.adds = false;
  set.get_done(own);
}

// -- crashes

TEST_CASE("topology_actor: a queue that crashes is started again elsewhere") {
  auto set = topology_stage{};
  set.get_done(durable_queue("q"));
  auto before = set.where("q");
  set.crash("q");
  CHECK(set.where("q"));
  CHECK(set.where("q") != before);
  set.publish("q", {"a"});
  CHECK(set.get_done(durable_queue("q")).messages == 1);
}

TEST_CASE("topology_actor: a queue has no place while it is recovered") {
  auto set = topology_stage{};
  set.get_done(durable_queue("q"));
  set.reader->is_slow = true;
  set.crash("q");
  CHECK(set.find("q"));
  CHECK_FALSE(set.where("q"));
  set.get_done(durable_queue("q")); // answered nevertheless
  set.get_done(amqp::purge_queue{"/", "q"});
  set.answer_reader();
  CHECK(set.where("q"));
}

TEST_CASE("topology_actor: a queue that is being recovered can be deleted") {
  auto set = topology_stage{};
  set.get_done(durable_queue("q"));
  set.reader->is_slow = true;
  set.crash("q");
  CHECK_FALSE(set.ask(without("q")));
  set.answer_reader();
  CHECK(set.answer());
  CHECK_FALSE(set.find("q"));
  set.reader->is_slow = false;
  set.get_done(durable_queue("q"));
  CHECK(set.where("q"));
}

TEST_CASE("topology_actor: a queue in memory is there again after a crash, "
          "empty") {
  auto set = topology_stage{};
  set.get_done(a_queue("q"));
  set.publish("q", {"a"});
  set.crash("q");
  CHECK(set.where("q"));
  CHECK(set.get_done(a_queue("q")).messages == 0);
}

TEST_CASE("topology_actor: six crashes within a minute are enough") {
  auto set = topology_stage{};
  set.get_done(a_queue("q"));
  set.get_done(a_queue("other"));
  for (auto i = 0; i < 5; ++i) {
    set.crash("q");
    REQUIRE(set.where("q"));
  }
  set.crash("q");
  CHECK(set.find("q"));
  CHECK_FALSE(set.where("q"));
  CHECK(set.get_done(a_queue("q")).messages == 0); // answered nevertheless
  CHECK(set.where("other"));
  set.get_done(without("q"));
  CHECK_FALSE(set.find("q"));
}

TEST_CASE("topology_actor: crashes that are far apart are borne") {
  auto set = topology_stage{};
  set.get_done(a_queue("q"));
  for (auto i = 0; i < 20; ++i) {
    set.crash("q");
    REQUIRE(set.where("q"));
    set.box.wait(15s);
  }
}

TEST_CASE("topology_actor: a deleted queue's actor is not started again") {
  auto set = topology_stage{};
  set.get_done(a_queue("q"));
  auto gone = caf::actor_cast<caf::actor_addr>(set.where("q"));
  set.get_done(without("q"));
  set.box.play();
  CHECK_FALSE(set.find("q"));
  CHECK_FALSE(caf::actor_cast<caf::actor>(gone)); // nobody holds it
  set.get_done(a_queue("q"));
  CHECK(set.where("q"));
}
