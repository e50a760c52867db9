#include "tests/engine/amqp/connection_rig.hpp"

#include <string>

// Deliveries that a client does not settle in time.

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

namespace {

field_table timeout_of(field_value value) {
  return {{{"x-consumer-timeout", std::move(value)}}};
}

std::string text_of(const char* milliseconds, const char* channel = "1") {
  return std::string{"PRECONDITION_FAILED - delivery acknowledgement on "
                     "channel "}
         + channel + " timed out. Timeout value used: " + milliseconds
         + " ms. This timeout value can be configured, see consumers doc guide "
           "to learn more";
}

/// A client of a queue `q`, whose time the test winds on.
struct timeout_rig : connection_rig {
  explicit timeout_rig(
    field_table queue_arguments = {}, connection_options options = usual())
    : connection_rig{std::move(options)} {
    open();
    auto encoded = encode(queue_arguments);
    send(1, queue_declare{.queue = "q", .arguments = encoded});
    next<queue_declare_ok>(1);
  }

  consumer_number consume_with(
    const std::string& tag, field_value timeout, std::uint16_t channel = 1) {
    auto encoded = encode(timeout_of(std::move(timeout)));
    send(
      channel,
      basic_consume{.queue = "q", .consumer_tag = tag, .arguments = encoded});
    next<basic_consume_ok>(channel);
    return std::get<subscribe>(asked.back()).consumer;
  }

  /// Lends one message and forgets what the client got.
  void lend(consumer_number to, position at) {
    deliver(to, {"x"}, at);
    inbox.clear();
  }

  /// Winds the clock on, as the connection's actor does: it wakes the machine
  /// when that wants to be woken.
  void wait(duration time) {
    auto end = now + time;
    while (auto due = machine.next_due()) {
      if (*due > end) break;
      REQUIRE(++wakes < 10'000);
      now = std::max(now, *due);
      machine.on_time(now);
      pump();
    }
    now = end;
  }

  void extend(std::uint64_t tag) {
    auto set = properties{};
    set.headers = field_table{
      {{"delivery-tag", {static_cast<std::int64_t>(tag)}},
       {"action", {std::string{"extend"}}}}};
    publish(1, {.exchange = "amq.troupe.settle"}, "", encode(set));
  }

  int wakes = 0;
};

} // namespace

TEST_CASE("timeout: half an hour where nobody says otherwise", "[amqp]") {
  auto rig = timeout_rig{};
  auto number = rig.consume("q", "c");
  rig.lend(number, 1);
  rig.wait(30min - 1ms);
  CHECK(rig.is_silent());
  rig.wait(1ms);
  CHECK(rig.channel_closed(406) == text_of("1800000"));
  CHECK(rig.failed_method == 0); // no method failed
  auto gone = rig.take_notices<left>();
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].consumer == number); // so its messages go back
  CHECK_FALSE(rig.closes);
  rig.open_channel(); // the number serves again
}

TEST_CASE("timeout: a server may leave it to its clients", "[amqp]") {
  auto options = timeout_rig::usual();
  options.consumer_timeout.reset();
  auto rig = timeout_rig{{}, options};
  auto number = rig.consume("q", "c");
  rig.lend(number, 1);
  rig.wait(std::chrono::hours{24 * 30});
  CHECK(rig.is_silent());
  CHECK_FALSE(rig.closes);
}

TEST_CASE("timeout: a queue's argument says for all consumers", "[amqp]") {
  auto rig = timeout_rig{timeout_of({std::int32_t{5000}})};
  auto number = rig.consume("q", "c");
  rig.lend(number, 1);
  rig.wait(4999ms);
  CHECK(rig.is_silent());
  rig.wait(1ms);
  CHECK(rig.channel_closed(406) == text_of("5000"));
}

TEST_CASE("timeout: a consumer's argument goes before its queue's", "[amqp]") {
  for (auto own : {std::int64_t{2000}, std::int64_t{9000}}) {
    auto rig = timeout_rig{timeout_of({std::int32_t{5000}})};
    rig.lend(rig.consume_with("c", {own}), 1);
    rig.wait(duration{own - 1});
    CHECK(rig.is_silent());
    rig.wait(1ms);
    CHECK(rig.channel_closed(406) == text_of(std::to_string(own).c_str()));
  }
}

TEST_CASE("timeout: a consumer's argument is a time", "[amqp]") {
  for (const auto& wrong :
       {field_value{std::string{"5000"}}, field_value{std::int32_t{-1}},
        field_value{true}}) {
    auto rig = timeout_rig{};
    auto encoded = encode(timeout_of(wrong));
    rig.send(1, basic_consume{.queue = "q", .arguments = encoded});
    CHECK(
      rig.channel_closed(406)
      == "PRECONDITION_FAILED - invalid arg 'x-consumer-timeout' for queue 'q' "
         "in vhost '/': it has to be an integer of milliseconds, 0 or more");
  }
  auto rig = timeout_rig{};
  rig.lend(
    rig.consume_with("c", {std::numeric_limits<std::int64_t>::max()}), 1);
  rig.wait(24h * 365);
  CHECK(rig.is_silent());
}

TEST_CASE("timeout: zero is over at once, or within the second", "[amqp]") {
  auto rig = timeout_rig{};
  rig.now += 300ms;
  rig.lend(rig.consume_with("c", {std::int32_t{0}}), 1);
  rig.wait(699ms);
  CHECK(rig.is_silent());
  rig.wait(1ms);
  CHECK(rig.channel_closed(406) == text_of("0"));
}

TEST_CASE("timeout: what is settled in time closes nothing", "[amqp]") {
  auto rig = timeout_rig{timeout_of({std::int32_t{5000}})};
  auto number = rig.consume("q", "c");
  for (std::uint64_t i = 1; i <= 100; ++i) {
    rig.lend(number, i);
    rig.wait(4s);
    rig.send(1, basic_ack{i, false});
  }
  CHECK(rig.is_silent());
  CHECK(rig.wakes < 200);
  rig.wait(1h);
  CHECK(rig.is_silent());
  CHECK_FALSE(rig.machine.next_due()); // nothing is left to look at
}

TEST_CASE("timeout: the oldest delivery counts, not the last", "[amqp]") {
  auto rig = timeout_rig{timeout_of({std::int32_t{5000}})};
  auto number = rig.consume("q", "c");
  rig.lend(number, 1);
  rig.wait(3s);
  rig.lend(number, 2);
  rig.send(1, basic_ack{1, false});
  rig.wait(4999ms); // the second one's time
  CHECK(rig.is_silent());
  rig.lend(number, 3);
  rig.wait(1ms);
  CHECK(rig.channel_closed(406) == text_of("5000"));
}

TEST_CASE("timeout: what needs no ack has no time", "[amqp]") {
  auto rig = timeout_rig{timeout_of({std::int32_t{5000}})};
  rig.lend(rig.consume("q", "c", true), 1);
  rig.wait(1h);
  CHECK(rig.is_silent());
}

TEST_CASE("timeout: what was got counts as well", "[amqp]") {
  auto rig = timeout_rig{timeout_of({std::int32_t{5000}})};
  auto builder = batch_builder{};
  builder.add(message{"", "q", {}, "x"});
  auto one = loaned_run{};
  one.messages = builder.take();
  one.count = 1;
  one.at = 1;
  rig.next_got = amqp::got{one, 0};
  rig.send(1, basic_get{.queue = "q"});
  rig.next<basic_get_ok>(1);
  rig.wait(5s);
  CHECK(rig.channel_closed(406) == text_of("5000"));
}

TEST_CASE("timeout: each consumer of a channel has its own time", "[amqp]") {
  auto rig = timeout_rig{};
  auto slow = rig.consume_with("slow", {std::int32_t{60'000}});
  auto fast = rig.consume_with("fast", {std::int32_t{5000}});
  rig.lend(slow, 1);
  rig.wait(1s);
  rig.lend(fast, 2); // behind one that has longer
  rig.wait(4999ms);
  CHECK(rig.is_silent());
  rig.wait(1ms);
  CHECK(rig.channel_closed(406) == text_of("5000"));
}

TEST_CASE("timeout: other channels go on", "[amqp]") {
  auto rig = timeout_rig{timeout_of({std::int32_t{5000}})};
  rig.open_channel(2);
  auto number = rig.consume("q", "c");
  auto other = rig.consume_with("d", {std::int32_t{8000}}, 2);
  rig.lend(number, 1);
  rig.lend(other, 2);
  rig.wait(5s);
  CHECK(rig.channel_closed(406) == text_of("5000"));
  rig.wait(2s);
  rig.send(2, basic_ack{1, false});
  rig.wait(1h);
  CHECK(rig.is_silent());
}

TEST_CASE(
  "timeout: extend gives a delivery fresh time, and only it", "[amqp]") {
  auto rig = timeout_rig{timeout_of({std::int32_t{5000}})};
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"1", "2", "3"});
  rig.inbox.clear();
  rig.wait(4s);
  for (auto tag : {1, 2, 3}) rig.extend(static_cast<std::uint64_t>(tag));
  rig.wait(4s);
  CHECK(rig.is_silent());
  rig.extend(1);
  rig.extend(2);
  rig.wait(999ms);
  CHECK(rig.is_silent());
  rig.send(1, basic_ack{3, false});
  rig.wait(4s);
  CHECK(rig.is_silent());
  rig.wait(1ms);
  CHECK(rig.channel_closed(406) == text_of("5000"));
}

TEST_CASE(
  "timeout: behind an extended delivery others keep their time", "[amqp]") {
  auto rig = timeout_rig{timeout_of({std::int32_t{5000}})};
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"1", "2"});
  rig.inbox.clear();
  rig.wait(4s);
  rig.extend(1);
  rig.wait(1s);
  CHECK(rig.channel_closed(406) == text_of("5000"));
}

TEST_CASE(
  "timeout: a rollback brings deliveries back with their age", "[amqp]") {
  auto rig = timeout_rig{timeout_of({std::int32_t{5000}})};
  auto number = rig.consume("q", "c");
  rig.send(1, tx_select{});
  rig.next<tx_select_ok>(1);
  rig.lend(number, 1);
  rig.send(1, basic_ack{1, false});
  rig.wait(1h); // acked, if the commit comes
  CHECK(rig.is_silent());
  rig.send(1, tx_rollback{});
  rig.next<tx_rollback_ok>(1);
  rig.wait(1ms);
  CHECK(rig.channel_closed(406) == text_of("5000"));
}

TEST_CASE(
  "timeout: a channel that waits for an answer gets it first", "[amqp]") {
  auto rig = timeout_rig{timeout_of({std::int32_t{5000}})};
  rig.lend(rig.consume("q", "c"), 1);
  rig.wait(4s);
  auto bytes = std::string{};
  encode(bytes, 1, queue_purge{.queue = "q"});
  rig.machine.on_bytes(bytes, rig.now);
  auto asked = rig.machine.take_actions();
  REQUIRE(asked.requests.size() == 1);
  for (auto i = 0; i < 3; ++i) {
    rig.now += 1s;
    rig.machine.on_time(rig.now);
    CHECK(rig.machine.take_actions().output.empty());
  }
  rig.machine.on_answer(done{"", 5, 0}, rig.now);
  CHECK(rig.next<queue_purge_ok>(1).message_count == 5);
  rig.wait(1s);
  CHECK(rig.channel_closed(406) == text_of("5000"));
}
