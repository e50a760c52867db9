// Checks librabbitmq, the C client, against the broker that broker.py started.

#include "tests/clients/rabbitmq_c_session.hpp"

#include <cstdio>
#include <functional>
#include <vector>

using namespace troupe::clients;

namespace {

std::string word(bool x) { return x ? "redelivered" : "fresh"; }

void consumed_and_acked() {
  auto one = session{};
  amqp_confirm_select(one.connection(), 1);
  one.check("confirm.select");
  auto queue = one.new_queue();
  for (int i = 0; i < 500; ++i) one.publish(queue, std::to_string(i));
  one.wait_for_confirm(500);
  one.consume(queue);
  for (int i = 0; i < 500; ++i) {
    auto seen = one.next();
    expect_same(seen.body, std::to_string(i), "in order");
    if (i % 100 == 99) one.ack(seen.tag, true);
  }
  auto other = session{};
  expect(!other.get(queue), "nothing is left after the acks");
}

void settled_otherwise() {
  auto queue = std::string{};
  {
    auto one = session{};
    queue = one.new_queue();
    one.publish(queue, "a");
    one.publish(queue, "b");
    one.consume(queue);
    auto a = one.next();
    auto b = one.next();
    amqp_basic_nack(one.connection(), 1, b.tag, 0, 1);
    auto again = one.next();
    expect_same(
      again.body + " " + word(again.redelivered), "b redelivered",
      "a nack with requeue brings it back");
    amqp_basic_reject(one.connection(), 1, a.tag, 0);
    one.ack(again.tag);
  }
  auto other = session{};
  expect(!other.get(queue), "rejected and acked are gone");
}

void dead_letter() {
  auto one = session{};
  auto dead = one.new_queue();
  auto exchange = std::string{};
  amqp_table_entry_t entries[3] = {};
  entries[0].key = bytes("x-dead-letter-exchange");
  entries[1].key = bytes("x-dead-letter-routing-key");
  entries[0].value.kind = entries[1].value.kind = AMQP_FIELD_KIND_UTF8;
  entries[0].value.value.bytes = bytes(exchange);
  entries[1].value.value.bytes = bytes(dead);
  entries[2].key = bytes("x-message-ttl");
  entries[2].value.kind = AMQP_FIELD_KIND_I32;
  entries[2].value.value.i32 = 30; // ms
  auto queue = one.new_queue({3, entries});
  one.consume(dead);
  one.publish(queue, "late");
  expect_same(one.next().body, "late", "it comes out of the other queue");
}

void dropped_connection() {
  auto queue = std::string{};
  {
    auto one = session{};
    queue = one.new_queue();
    one.publish(queue, "kept");
    one.consume(queue);
    one.next();
    one.drop();
  }
  auto other = session{};
  other.consume(queue);
  auto seen = other.next();
  expect_same(
    seen.body + " " + word(seen.redelivered), "kept redelivered",
    "another gets it");
}

void large_body() {
  auto one = session{};
  auto queue = one.new_queue();
  auto body = std::string(8 << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>(i * 2654435761u >> 13);
  one.publish(queue, body);
  one.consume(queue);
  expect(one.next().body == body, "all 8 MiB are as they went");
}

void returned() {
  auto one = session{};
  one.publish("nobody-has-this-key", "back", "amq.direct", true);
  auto frame = amqp_frame_t{};
  auto patience = timeval{20, 0};
  auto code =
    amqp_simple_wait_frame_noblock(one.connection(), &frame, &patience);
  expect(
    code == AMQP_STATUS_OK
      && frame.payload.method.id == AMQP_BASIC_RETURN_METHOD,
    "basic.return comes");
  auto told = *static_cast<amqp_basic_return_t*>(frame.payload.method.decoded);
  expect(told.reply_code == 312, "with 312");
  auto message = amqp_message_t{};
  amqp_read_message(one.connection(), 1, &message, 0);
  expect(message.body.len == 4, "and its body");
  amqp_destroy_message(&message);
}

void refusals() {
  try {
    auto one = session{"wrong"};
    expect(false, "a wrong password is refused");
  } catch (const broken& why) {
    expect(
      std::string_view{why.what()}.find("ACCESS_REFUSED")
        != std::string_view::npos,
      std::string{"the refusal says why; it says "} + why.what());
  }
  auto one = session{};
  amqp_queue_declare(
    one.connection(), 1, bytes("not-there"), 1, 0, 0, 0, amqp_empty_table);
  expect(one.refusal() == 404, "a passive declare of nothing is 404");
}

void survives(const char* how) {
  auto queue = std::string{};
  {
    auto one = session{};
    amqp_confirm_select(one.connection(), 1);
    one.check("confirm.select");
    queue = one.new_queue();
    for (int i = 0; i < 10; ++i) one.publish(queue, std::to_string(i));
    one.wait_for_confirm(10);
    control(how);
    one.drop();
  }
  auto again = session{};
  again.consume(queue);
  for (int i = 0; i < 10; ++i)
    expect_same(again.next().body, std::to_string(i), "in order");
}

struct test {
  const char* sentence;
  std::function<void()> run;
};

bool passes(const test& x) {
  try {
    x.run();
    std::printf("passed: rabbitmq-c: %s\n", x.sentence);
  } catch (const std::exception& why) {
    std::printf("FAILED: rabbitmq-c: %s\n  %s\n", x.sentence, why.what());
    return false;
  }
  std::fflush(stdout);
  return true;
}

} // namespace

int main() {
  const auto tests = std::vector<test>{
    {"500 confirmed messages come in order, acked by multiple",
     consumed_and_acked},
    {"nack requeues, reject drops", settled_otherwise},
    {"what expires is a dead letter in another queue", dead_letter},
    {"a dropped connection gives its message to another", dropped_connection},
    {"a body of 8 MiB comes as it went", large_body},
    {"a mandatory message nobody takes is returned", returned},
    {"a wrong password and a missing queue are refused", refusals},
    {"confirmed messages survive a restart", [] { survives("restart"); }},
    {"confirmed messages survive kill -9", [] { survives("kill"); }},
  };
  auto failed = 0;
  for (const auto& x : tests) failed += !passes(x);
  return failed ? 1 : 0;
}
