#pragma once

#include "engine/access/user.hpp"
#include "engine/amqp/connection_machine.hpp"
#include "engine/amqp/content.hpp"
#include "engine/amqp/content_encoder.hpp"
#include "engine/amqp/refusal_code.hpp"
#include "engine/message/batch.hpp"
#include "engine/message/properties.hpp"
#include "engine/routing/topology.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::amqp::test {

using namespace std::chrono_literals;

inline std::shared_ptr<const user> make_user(
  const std::string& name = "guest",
  std::string_view configure = ".*",
  std::string_view write = ".*",
  std::string_view read = ".*") {
  auto made = user{};
  made.name = name;
  made.rights["/"] = vhost_rights::parse(configure, write, read).value();
  return std::make_shared<const user>(std::move(made));
}

inline field_table all_capabilities() {
  auto able = field_table{};
  for (auto name :
       {"consumer_cancel_notify", "connection.blocked",
        "authentication_failure_close"})
    able.fields.push_back({name, {true}});
  return {{{"product", {std::string{"test"}}}, {"capabilities", {able}}}};
}

/// What a client got: a method, with its message where it carries one.
struct received {
  std::uint16_t channel = 0;
  method what;
  std::string properties;
  std::string body;
};

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

/// Plays the client and the node of one connection. Exchanges, queues and
/// bindings are real, what is in the queues is up to the test.
class connection_rig {
public:
  explicit connection_rig(connection_options options = usual())
    : machine{options, time_point{}} {
    places.add_vhost("/");
  }

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
    auto what = queue_declaration{};
    what.name = name;
    what.exclusive = owner != 0;
    what.is_server_named = true; // whatever the name
    auto made = new_queue{};
    made.id = queue_id{++last_id_};
    places.declare_queue("/", what, made, owner).value();
    machine.set_routes(places.snapshot());
  }

  void add_exchange(const std::string& name, const std::string& type) {
    auto what = exchange_declaration{};
    what.name = name;
    what.type = type;
    places.declare_exchange("/", what).value();
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
  topology places;
  connection_machine machine;
  std::shared_ptr<const user> who = make_user();
  bool answers = true;                 // at once
  std::optional<refused> next_refusal; // instead of the next answer
  std::optional<amqp::got> next_got;
  std::uint64_t message_count = 0; // of what queues say
  bool closes = false;
  bool drops = false;
  std::uint64_t written = 0;
  std::uint32_t failed_method = 0; // of the last close
  std::deque<received> inbox;
  std::vector<request> asked;
  std::deque<request> unanswered;
  std::vector<sent_message> published;
  std::vector<notice> notices; // all but publications

private:
  void answer_next_quietly() {
    machine.set_routes(places.snapshot());
    auto what = std::visit(
      [this](const auto& x) { return answer_to(x); }, unanswered.front());
    unanswered.pop_front();
    if (next_refusal) what = *std::exchange(next_refusal, {});
    machine.set_routes(places.snapshot());
    machine.on_answer(std::move(what), now);
  }

  // -- the node's answers

  static refused to_refused(const refusal& from) {
    return {code_of(from.why), from.text};
  }

  template <class T>
  answer plain(const permitted<T>& did) {
    if (!did) return to_refused(did.error());
    return done{};
  }

  answer answer_to(const login& what) {
    if (what.name == "guest" && what.password == "guest") return logged_in{who};
    return refused{reply_code::access_refused, "wrong"};
  }

  answer answer_to(const open_vhost& what) {
    if (places.snapshot()->has_vhost(what.vhost)) return done{};
    return refused{
      reply_code::not_allowed, "vhost " + what.vhost + " not found"};
  }

  answer answer_to(const amqp::declare_exchange& what) {
    if (what.passive) return plain(places.find_exchange(what.vhost, what.name));
    return plain(places.declare_exchange(
      what.vhost, {what.name, what.type, what.durable, what.auto_delete,
                   what.internal, what.arguments}));
  }

  answer answer_to(const amqp::delete_exchange& what) {
    return plain(places.delete_exchange(
      what.vhost, what.name,
      what.if_unused ? removal::if_unused : removal::always));
  }

  answer answer_to(const change_binding& what) {
    auto b = binding{
      what.source,
      what.to_queue ? binding::kind::queue : binding::kind::exchange,
      what.destination, what.routing_key, what.arguments};
    auto id = machine.options().id;
    return plain(
      what.adds ? places.bind(what.vhost, b, id)
                : places.unbind(what.vhost, b, id));
  }

  answer answer_to(const amqp::declare_queue& what) {
    auto id = machine.options().id;
    if (what.passive) {
      auto found = places.find_queue(what.vhost, what.name, id);
      if (!found) return to_refused(found.error());
      return done{what.name, message_count, 0};
    }
    auto name =
      what.name.empty() ? "amq.gen-" + std::to_string(++last_id_) : what.name;
    auto is_ours =
      what.name.empty() || name.starts_with("amq.rabbitmq.reply-to");
    auto made = new_queue{};
    made.id = queue_id{++last_id_};
    auto did = places.declare_queue(
      what.vhost,
      {name, what.durable, what.exclusive, what.auto_delete, what.arguments,
       is_ours},
      made, id);
    if (!did) return to_refused(did.error());
    return done{name, message_count, 0};
  }

  answer answer_to(const amqp::delete_queue& what) {
    auto did = places.delete_queue(what.vhost, what.name, machine.options().id);
    if (!did) return to_refused(did.error());
    return done{{}, message_count, 0};
  }

  answer answer_to(const purge_queue& what) {
    auto found = places.find_queue(what.vhost, what.name, machine.options().id);
    if (!found) return to_refused(found.error());
    return done{{}, message_count, 0};
  }

  answer answer_to(const subscribe&) { return done{}; }
  answer answer_to(const cancel&) { return done{}; }

  answer answer_to(const get&) {
    return next_got ? *std::exchange(next_got, {}) : amqp::got{};
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

  void read(const std::string& output) {
    auto bytes = std::string_view{output};
    if (bytes.starts_with("AMQP")) {
      offered = std::string{bytes.substr(0, 8)};
      bytes.remove_prefix(8);
    }
    from_server_.feed(bytes);
    for (;;) {
      auto next = from_server_.next();
      REQUIRE(next.has_value());
      if (!*next) return;
      take(**next);
    }
  }

  void take(const frame& f) {
    const auto& kept = kept_.emplace_back(f.payload);
    switch (f.type) {
      case frame_type::heartbeat: ++heartbeats; return;
      case frame_type::method:
        inbox.push_back({f.channel, decode_method(kept).value(), {}, {}});
        return;
      case frame_type::header:
        inbox.back().properties =
          decode_content_header(kept).value().properties;
        return;
      case frame_type::body: inbox.back().body += kept; return;
    }
  }

  frame_reader from_server_;
  std::deque<std::string> kept_; // what methods in the inbox refer to
  std::uint64_t last_id_ = 100;

public:
  int heartbeats = 0;
  std::string offered; // a protocol header that was sent back
};

} // namespace troupe::amqp::test
