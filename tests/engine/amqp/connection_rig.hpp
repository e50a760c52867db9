#pragma once

#include "engine/amqp/connection_machine.hpp"
#include "engine/amqp/content_encoder.hpp"
#include "engine/message/batch.hpp"
#include "engine/message/properties.hpp"
#include "tests/engine/amqp/client_inbox.hpp"
#include "tests/engine/amqp/node_rig.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::amqp::test {

using namespace std::chrono_literals;

inline field_table all_capabilities() {
  auto able = field_table{};
  for (auto name :
       {"consumer_cancel_notify", "connection.blocked",
        "authentication_failure_close"})
    able.fields.push_back({name, {true}});
  return {{{"product", {std::string{"test"}}}, {"capabilities", {able}}}};
}

/// What was published to a queue.
struct sent_message {
  std::string queue;
  std::uint64_t ticket = 0;
  std::uint16_t partition = 0;
  std::string exchange;
  std::string routing_key;
  std::string properties;
  std::string body;
};

/// Plays the client and the node of one connection.
class connection_rig : public node_rig, public client_inbox {
public:
  explicit connection_rig(connection_options options = usual())
    : machine{options, time_point{}} {}

  static connection_options usual() {
    auto made = connection_options{};
    made.id = 7;
    made.node_name = "node";
    made.version = "0.1.0";
    made.random_seed = 42;
    return made;
  }

  // -- the client

  template <class M>
  void send(std::uint16_t channel, const M& m) {
    auto out = std::string{};
    encode(out, channel, m);
    send_bytes(out);
  }

  void send_bytes(std::string_view bytes) {
    machine.on_bytes(bytes, now);
    pump();
  }

  void publish(
    std::uint16_t channel,
    const basic_publish& m,
    std::string_view body,
    std::string_view properties = {}) {
    send_bytes(published_bytes(channel, m, body, properties));
  }

  static std::string published_bytes(
    std::uint16_t channel,
    const basic_publish& m,
    std::string_view body,
    std::string_view properties = {}) {
    auto out = std::string{};
    put_message(
      out, channel, 4096, m,
      message{m.exchange, m.routing_key, properties, body});
    return out;
  }

  /// Takes the next method, which has to be an `M` on that channel.
  template <class M>
  M next(std::uint16_t channel) {
    auto got = next_content<M>(channel);
    return std::get<M>(got.what);
  }

  template <class M>
  received next_content(std::uint16_t channel) {
    pump();
    if (inbox.empty()) FAIL("nothing came, not " << M::name);
    auto got = inbox.front();
    inbox.pop_front();
    INFO("came: " << to_string(got.what));
    if (!std::holds_alternative<M>(got.what)) FAIL("wanted: " << M::name);
    CHECK(got.channel == channel);
    return got;
  }

  bool is_silent() {
    pump();
    for (const auto& x : inbox) UNSCOPED_INFO(to_string(x.what));
    return inbox.empty();
  }

  /// Does the handshake up to connection.tune.
  void log_in(const field_table& properties = all_capabilities()) {
    send_bytes(protocol_header);
    next<connection_start>(0);
    auto encoded = encode(properties);
    auto response = std::string{"\0guest\0guest", 12};
    send(0, connection_start_ok{encoded, "PLAIN", response, "en_US"});
  }

  void open_connection(
    const field_table& properties = all_capabilities(),
    connection_tune_ok tune = {2047, 131072, 0}) {
    log_in(properties);
    next<connection_tune>(0);
    send(0, tune);
    send(0, connection_open{"/"});
    next<connection_open_ok>(0);
  }

  void open_channel(std::uint16_t number = 1) {
    send(number, channel_open{});
    next<channel_open_ok>(number);
  }

  /// Everything up to an open channel 1.
  void open() {
    open_connection();
    open_channel();
  }

  void declare(const std::string& queue) {
    send(1, queue_declare{.queue = queue});
    next<queue_declare_ok>(1);
  }

  /// Consumes on channel 1; returns the consumer's number.
  consumer_number consume(
    const std::string& queue, const std::string& tag, bool no_ack = false) {
    send(
      1, basic_consume{.queue = queue, .consumer_tag = tag, .no_ack = no_ack});
    next<basic_consume_ok>(1);
    return std::get<subscribe>(asked.back()).consumer;
  }

  /// Expects the channel to be closed with that code, and answers.
  std::string channel_closed(std::uint16_t code, std::uint16_t channel = 1) {
    auto m = next<channel_close>(channel);
    CHECK(m.reply_code == code);
    failed_method = method_key(m.failed_class, m.failed_method);
    send(channel, channel_close_ok{});
    return std::string{m.reply_text};
  }

  /// Expects the connection to be closed with that code, and answers.
  std::string connection_closed(std::uint16_t code) {
    auto m = next<connection_close>(0);
    CHECK(m.reply_code == code);
    failed_method = method_key(m.failed_class, m.failed_method);
    send(0, connection_close_ok{});
    CHECK(closes);
    return std::string{m.reply_text};
  }

  // -- the node

  void add_queue(const std::string& name, std::uint64_t owner = 0) {
    put_queue(name, owner);
    machine.set_routes(places.snapshot());
  }

  void add_exchange(const std::string& name, const std::string& type) {
    put_exchange(name, type);
    machine.set_routes(places.snapshot());
  }

  /// Lends messages of a queue's position `at` on to a consumer.
  void deliver(
    consumer_number to,
    const std::vector<std::string>& bodies,
    position at = 1,
    bool redelivered = false) {
    auto builder = batch_builder{};
    for (const auto& x : bodies) builder.add(message{"ex", "key", {}, x});
    auto run = loaned_run{};
    run.messages = builder.take();
    run.count = static_cast<std::uint32_t>(bodies.size());
    run.at = at;
    run.redelivered = redelivered;
    machine.on_deliveries(to, {run}, now);
    pump();
  }

  void confirm(
    std::uint64_t ticket, const std::vector<std::uint32_t>& refused = {}) {
    machine.on_confirmed(ticket, refused);
    pump();
  }

  /// Takes what was published since the last call.
  std::vector<sent_message> take_published() {
    pump();
    return std::exchange(published, {});
  }

  /// Takes the notices of one kind.
  template <class N>
  std::vector<N> take_notices() {
    pump();
    auto found = std::vector<N>{};
    for (auto& x : notices)
      if (auto* one = std::get_if<N>(&x)) found.push_back(*one);
    std::erase_if(
      notices, [](const auto& x) { return std::holds_alternative<N>(x); });
    return found;
  }

  /// Answers the oldest request that was not answered.
  void answer_next() {
    answer_next_quietly();
    pump();
  }

  /// Lets time pass, and the machine know.
  void pass(duration time) {
    now += time;
    machine.on_time(now);
    pump();
  }

  /// Carries out actions until there are none.
  void pump() {
    for (auto rounds = 0;; ++rounds) {
      REQUIRE(rounds < 1000);
      auto todo = machine.take_actions();
      closes |= todo.closes;
      drops |= todo.drops;
      for (auto& x : todo.notices) note(std::move(x));
      written += todo.output.size();
      read(todo.output);
      for (auto& x : todo.requests) {
        asked.push_back(x);
        unanswered.push_back(std::move(x));
      }
      REQUIRE(unanswered.size() <= 1);
      if (!answers || unanswered.empty()) return;
      answer_next_quietly();
    }
  }

  time_point now{};
  connection_machine machine;
  bool answers = true; // at once
  bool closes = false;
  bool drops = false;
  std::uint64_t written = 0;
  std::uint32_t failed_method = 0; // of the last close
  std::vector<request> asked;
  std::deque<request> unanswered;
  std::vector<sent_message> published;
  std::vector<notice> notices; // all but publications

private:
  void answer_next_quietly() {
    machine.set_routes(places.snapshot());
    auto what = answer_of(unanswered.front(), machine.options().id);
    unanswered.pop_front();
    machine.set_routes(places.snapshot());
    machine.on_answer(std::move(what), now);
  }

  // -- what comes out

  void note(notice&& what) {
    auto* out = std::get_if<publication>(&what);
    if (!out) {
      notices.push_back(std::move(what));
      return;
    }
    for (std::size_t i = 0; i < out->what.messages->size(); ++i) {
      auto one = (*out->what.messages)[i];
      published.push_back(
        {out->to->name, out->what.ticket, out->what.partition,
         std::string{one.exchange()}, std::string{one.routing_key()},
         std::string{one.encoded_properties()}, std::string{one.body()}});
    }
  }
};

} // namespace troupe::amqp::test
