#include "engine/amqp/queue_arguments.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::amqp;
using namespace std::chrono_literals;

namespace {

field number(std::string name, std::int32_t value) {
  return {std::move(name), field_value{value}};
}

field text(std::string name, std::string value) {
  return {std::move(name), field_value{std::move(value)}};
}

declare_queue queue_with(std::vector<field> arguments) {
  auto made = declare_queue{};
  made.vhost = "/";
  made.name = "q";
  made.durable = true;
  made.arguments.fields = std::move(arguments);
  return made;
}

queue_settings settings_of(std::vector<field> arguments) {
  return std::get<queue_settings>(
    read_queue_arguments(queue_with(std::move(arguments))));
}

refused refusal_of(std::vector<field> arguments) {
  return std::get<refused>(
    read_queue_arguments(queue_with(std::move(arguments))));
}

} // namespace

TEST_CASE("queue_arguments: a plain queue drops its oldest beyond a limit") {
  auto made = settings_of({});
  CHECK(made.options.name == "q");
  CHECK(made.options.is_durable);
  CHECK(made.options.partitions == 1);
  CHECK(made.options.overflow == overflow::drop_head);
  CHECK_FALSE(made.options.dead_letters);
  CHECK_FALSE(made.options.delivery_limit);
  CHECK_FALSE(made.expires);
}

TEST_CASE("queue_arguments: times and limits are read at any width") {
  auto made = settings_of(
    {number("x-message-ttl", 60'000),
     {"x-expires", field_value{std::int64_t{5}}},
     {"x-max-length", field_value{std::int8_t{7}}},
     number("x-max-length-bytes", 1'000)});
  CHECK(made.options.message_ttl == 60s);
  CHECK(made.expires == 5ms);
  CHECK(made.options.max_length == 7);
  CHECK(made.options.max_bytes == 1'000);
}

TEST_CASE("queue_arguments: dead letters go to the exchange of the vhost") {
  auto made = settings_of(
    {text("x-dead-letter-routing-key", "k"),
     text("x-dead-letter-exchange", "dlx")});
  REQUIRE(made.options.dead_letters);
  CHECK(made.options.dead_letters->output == "amqp:/");
  CHECK(made.options.dead_letters->exchange == "dlx");
  CHECK(made.options.dead_letters->routing_key == "k");
}

TEST_CASE("queue_arguments: a priority level is a partition") {
  auto made = settings_of({number("x-max-priority", 10)});
  CHECK(made.options.by_priority);
  CHECK(made.options.partitions == 11);
  CHECK(settings_of({number("x-max-priority", 0)}).options.partitions == 1);
  CHECK(settings_of({number("x-max-priority", 255)}).options.partitions == 256);
}

TEST_CASE("queue_arguments: a quorum queue counts deliveries") {
  auto made = settings_of({text("x-queue-type", "quorum")});
  CHECK(made.options.counts_deliveries);
  CHECK(made.options.delivery_limit == 20u);
  auto endless = settings_of(
    {text("x-queue-type", "quorum"), number("x-delivery-limit", -1)});
  CHECK_FALSE(endless.options.delivery_limit);
}

TEST_CASE("queue_arguments: an order key spreads over partitions") {
  auto made = settings_of({text("x-order-key", "header:customer")});
  CHECK(made.options.key);
  CHECK(made.options.partitions == 64);
  CHECK(
    refusal_of({text("x-order-key", "colour")}).code
    == reply_code::precondition_failed);
}

TEST_CASE("queue_arguments: the cache counts only where it is on") {
  auto on = settings_of(
    {{"x-message-deduplication", field_value{true}},
     number("x-cache-size", 100),
     number("x-cache-ttl", 5'000)});
  REQUIRE(on.options.dedup);
  CHECK(on.options.dedup->header == "x-deduplication-header");
  CHECK(on.options.dedup->most == 100);
  CHECK(on.options.dedup->ttl == 5s);
  CHECK_FALSE(settings_of({number("x-cache-size", 100)}).options.dedup);
}

TEST_CASE("queue_arguments: what is out of use is ignored and named") {
  auto made = settings_of(
    {text("x-queue-mode", "lazy"), number("x-queue-version", 2),
     text("x-mine", "kept")});
  CHECK(
    made.ignored
    == std::vector<std::string>{"x-queue-mode", "x-queue-version"});
}

TEST_CASE("queue_arguments: refusals have RabbitMQ's words") {
  struct row {
    field argument;
    std::string why;
  };
  auto rows = std::vector<row>{
    {number("x-message-ttl", -1), "{value_negative,-1}"},
    {text("x-message-ttl", "5"), "{unacceptable_type,longstr}"},
    {number("x-expires", 0), "{value_zero,0}"},
    {number("x-max-length", -3), "{value_negative,-3}"},
    {number("x-max-priority", 256), "{max_value_exceeded,256}"},
    {text("x-dead-letter-routing-key", "k"), "routing_key_but_no_dlx_defined"},
    {text("x-overflow", "burst"), "{invalid_overflow,<<\"burst\">>}"},
    {text("x-single-active-consumer", "yes"), "{unacceptable_type,longstr}"},
  };
  for (const auto& x : rows) {
    auto refusal = refusal_of({x.argument});
    CHECK(refusal.code == reply_code::precondition_failed);
    CHECK(
      refusal.text
      == "invalid arg '" + x.argument.name
           + "' for queue 'q' in vhost '/': " + x.why);
  }
}

TEST_CASE("queue_arguments: a stream is refused with what to do") {
  auto refusal = refusal_of({text("x-queue-type", "stream")});
  CHECK(refusal.code == reply_code::not_implemented);
  CHECK(refusal.text.find("classic or quorum") != std::string::npos);
}

TEST_CASE("queue_arguments: priority and order by key exclude each other") {
  auto refusal = refusal_of(
    {number("x-max-priority", 3), text("x-order-key", "routing_key")});
  CHECK(refusal.code == reply_code::precondition_failed);
  CHECK(refusal.text.find("not both") != std::string::npos);
}
