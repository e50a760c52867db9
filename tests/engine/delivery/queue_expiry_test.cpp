#include "tests/support/queue_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;
using strings = std::vector<std::string>;

namespace {

queue_options living(duration ttl, bool is_durable = false) {
  auto options = queue_options{};
  options.is_durable = is_durable;
  options.message_ttl = ttl;
  return options;
}

queue_options dying_to_dlx(queue_options options) {
  options.dead_letters = dead_letter_rule{"amqp:/", "dlx", {}, true};
  return options;
}

queue_options in_memory() {
  auto options = queue_options{};
  options.is_durable = false;
  return options;
}

} // namespace

// -- the queue's own time

TEST_CASE("queue_expiry: messages go when their time is up, not before") {
  auto rig = queue_rig{living(10s)};
  rig.publish({"a"});
  rig.wait(5s);
  rig.publish({"b"});
  CHECK(rig.machine->next_due() == rig.now + 5s);
  rig.wait(5s - 1ms);
  CHECK(rig.figures().ready == 2);
  rig.wait(1ms);
  CHECK(rig.figures().ready == 1);
  CHECK(rig.figures().expired == 1);
  CHECK(rig.machine->next_due() == rig.now + 5s);
  rig.wait(5s);
  CHECK(rig.figures().length == 0);
  CHECK(rig.figures().ready_bytes == 0);
  CHECK_FALSE(rig.machine->next_due().has_value());
}

TEST_CASE("queue_expiry: a message on loan does not expire until it returns") {
  auto rig = queue_rig{living(10s)};
  rig.consume(1, 1);
  rig.publish({"a", "b"});
  rig.wait(20s);
  CHECK(rig.figures().expired == 1);
  CHECK(rig.figures().unacked == 1);
  CHECK_FALSE(rig.machine->next_due().has_value());
  rig.end(1, 1, &settlement::requeued);
  CHECK(rig.figures().length == 0);
  CHECK(rig.figures().expired == 2);
}

TEST_CASE("queue_expiry: what came back in time expires at its place") {
  auto rig = queue_rig{living(10s)};
  rig.publish({"a", "b", "c"});
  rig.consume(1, 2);
  rig.machine->on_pause(consumer_id{1}, true);
  rig.end(1, 1, &settlement::requeued);
  rig.wait(10s);
  CHECK(rig.figures().expired == 2);
  CHECK(rig.bodies(1) == strings{"b"});
  rig.ack(1, 1);
  CHECK(rig.figures().length == 0);
}

TEST_CASE("queue_expiry: no time at all is enough for one who waits") {
  auto durable = GENERATE(false, true);
  auto rig = queue_rig{living(0s, durable)};
  rig.consume(1, 1);
  rig.publish({"a", "b"});
  rig.wait(0s);
  rig.store_one();
  rig.wait(0s);
  CHECK(rig.bodies(1) == strings{"a"});
  CHECK(rig.figures().expired == 1);
}

TEST_CASE("queue_expiry: time passes while the process is down") {
  auto rig = queue_rig{dying_to_dlx(living(10s, true))};
  rig.publish({"a"});
  rig.store_all();
  rig.now += 5s;
  rig.publish({"b"});
  rig.store_all();
  rig.now += 5s;
  rig.kill();
  CHECK(rig.machine->next_due() == rig.now);
  rig.wait(0s);
  rig.store_all();
  CHECK(rig.letters() == strings{"a"});
  rig.consume(1);
  CHECK(rig.bodies(1) == strings{"b"});
}

TEST_CASE("queue_expiry: by key, what waits in lanes expires too") {
  auto options = queue_rig::by_key();
  options.message_ttl = 10s;
  auto rig = queue_rig{options};
  rig.subscribe(1, 1);
  rig.publish({"k:1", "k:2", "j:1"});
  rig.subscribe(2, 1);
  rig.store_all();
  rig.wait(10s);
  CHECK(rig.figures().expired == 1);
  rig.ack(1, 1);
  rig.ack(2, 1);
  rig.store_all();
  CHECK(rig.figures().length == 0);
}

TEST_CASE("queue_expiry: a retry that waits too long expires") {
  auto rig = queue_rig{living(10s)};
  rig.subscribe(1, 1);
  rig.publish({"a"});
  rig.fail(1, 1, false, 20s);
  rig.wait(10s);
  CHECK(rig.figures().waiting == 1);
  rig.wait(10s);
  CHECK(rig.figures().expired == 1);
  CHECK(rig.figures().length == 0);
}

// -- a message's own time

TEST_CASE("queue_expiry: each message at its own time, wherever it is") {
  auto rig = queue_rig{in_memory()};
  rig.send({expiring("a", 3000), expiring("b", 1000), {"c"}});
  CHECK(rig.machine->next_due() == rig.now + 1s);
  rig.wait(1s);
  CHECK(rig.figures().expired == 1);
  rig.wait(1s);
  CHECK(rig.figures().expired == 1);
  rig.wait(1s);
  rig.consume(1);
  CHECK(rig.bodies(1) == strings{"c"});
}

TEST_CASE("queue_expiry: the smaller of two times wins") {
  auto rig = queue_rig{living(2s)};
  rig.send({expiring("a", 1000), expiring("b", 9000)});
  rig.wait(1s);
  CHECK(rig.figures().expired == 1);
  rig.wait(1s);
  CHECK(rig.figures().expired == 2);
}

TEST_CASE("queue_expiry: no time of its own is enough for one who waits") {
  auto durable = GENERATE(false, true);
  auto options = queue_options{};
  options.is_durable = durable;
  auto rig = queue_rig{options};
  rig.consume(1, 1);
  rig.send({expiring("a", 0), expiring("b", 0)});
  rig.wait(0s);
  rig.store_one();
  rig.wait(0s);
  CHECK(rig.bodies(1) == strings{"a"});
  CHECK(rig.figures().expired == 1);
}

TEST_CASE("queue_expiry: what expires on loan dies when it returns") {
  auto rig = queue_rig{in_memory()};
  rig.consume(1, 1);
  rig.send({expiring("a", 1000)});
  rig.wait(2s);
  CHECK(rig.figures().expired == 0);
  rig.leave(1);
  CHECK(rig.figures().expired == 1);
  CHECK(rig.figures().length == 0);
}

TEST_CASE("queue_expiry: its own time survives a kill, bodies or not") {
  auto options = queue_options{};
  options.resident_limit = GENERATE(1, 100'000);
  auto rig = queue_rig{dying_to_dlx(options)};
  rig.send({expiring("a", 1000), {"b"}});
  rig.send({expiring("c", 2000)});
  rig.store_all();
  rig.kill();
  rig.wait(1s);
  rig.load_all();
  rig.store_all();
  CHECK(rig.letters() == strings{"a"});
  rig.wait(1s);
  rig.load_all();
  rig.store_all();
  CHECK(rig.letters() == strings{"a", "c"});
  CHECK(rig.figures().ready == 1);
}

TEST_CASE("queue_expiry: one in the middle that dies is lent to nobody") {
  auto options = queue_options{};
  options.resident_limit = 1;
  auto rig = queue_rig{dying_to_dlx(options)};
  rig.send({{"a"}});
  rig.send({{"b"}, expiring("c", 1000), {"d"}});
  rig.store_all();
  rig.wait(1s); // its body has to be read first
  rig.consume(1);
  rig.load_all();
  rig.store_all();
  CHECK(rig.bodies(1) == strings{"a", "b", "d"});
  CHECK(rig.letters() == strings{"c"});
}

TEST_CASE("queue_expiry: delays count from the publish, without a mark") {
  auto options = in_memory();
  options.dead_letters = dead_letter_rule{"delayed:x", "x", {}, false};
  auto rig = queue_rig{options};
  rig.is_delayed = true;
  auto later = with_header("b", "x-delay", field_value{std::int32_t{2000}});
  later.properties.expiration = "7";
  rig.send(
    {later, with_header("a", "x-delay", field_value{std::int64_t{1000}}),
     with_header("0", "x-delay", field_value{std::string{"nonsense"}})});
  rig.wait(0s);
  CHECK(rig.letters() == strings{"0"});
  rig.wait(1s);
  CHECK(rig.letters() == strings{"0", "a"});
  rig.wait(1s);
  REQUIRE(rig.letters() == strings{"0", "a", "b"});
  auto made = (*rig.forwards[2].what.messages)[0];
  CHECK(made.exchange() == "x");
  CHECK(made.routing_key() == "key");
  CHECK_FALSE(made.header("x-delay").has_value());
  CHECK_FALSE(made.header("x-death").has_value());
  CHECK(made.property("expiration") == "7");
}

TEST_CASE("queue_expiry: settled messages leave the index") {
  auto index = expiry_index{};
  for (position at = 1; at <= 100'000; ++at) {
    index.add(time_point{1h}, at);
    index.sweep_if_due([&](position x) { return x + 10 < at; });
  }
  CHECK(index.size() < 2000);
}

TEST_CASE("queue_expiry: absurd times are read as best they can be") {
  auto read = [](const std::string& text) {
    auto made = publish_part{"x"};
    made.properties.expiration = text;
    auto list = encode(made.properties);
    return time_to_live(message{"", "", list, ""}, false);
  };
  CHECK(read("1500") == 1500ms);
  CHECK_FALSE(read("soon").has_value());
  CHECK_FALSE(read("").has_value());
  CHECK(read("-1") == 0ms);
  CHECK(read("99999999999999999999999").value() > std::chrono::hours{24 * 365});
  CHECK_FALSE(time_to_live(message{"", "", "\xff\xff", ""}, false).has_value());
}
