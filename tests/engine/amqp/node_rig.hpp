#pragma once

#include "engine/access/user.hpp"
#include "engine/amqp/broker.hpp"
#include "engine/amqp/refusal_code.hpp"
#include "engine/routing/topology.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace troupe::amqp::test {

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

/// Plays the node of a connection. Exchanges, queues and bindings are real,
/// what is in the queues is up to the test.
class node_rig {
public:
  node_rig() { places.add_vhost("/"); }

  topology places;
  std::shared_ptr<const user> who = make_user();
  std::optional<refused> next_refusal; // instead of the next answer
  std::optional<amqp::got> next_got;
  std::uint64_t message_count = 0; // of what queues say

protected:
  void put_queue(const std::string& name, std::uint64_t owner) {
    auto what = queue_declaration{};
    what.name = name;
    what.exclusive = owner != 0;
    what.is_server_named = true; // whatever the name
    auto made = new_queue{};
    made.id = queue_id{++last_id_};
    places.declare_queue("/", what, made, owner).value();
  }

  void put_exchange(const std::string& name, const std::string& type) {
    auto what = exchange_declaration{};
    what.name = name;
    what.type = type;
    places.declare_exchange("/", what).value();
  }

  /// Does what a connection asks for, by the connection's number.
  answer answer_of(const request& what, std::uint64_t asker) {
    asker_ = asker;
    auto did = std::visit([this](const auto& x) { return answer_to(x); }, what);
    if (next_refusal) return *std::exchange(next_refusal, {});
    return did;
  }

private:
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
    return plain(
      what.adds ? places.bind(what.vhost, b, asker_)
                : places.unbind(what.vhost, b, asker_));
  }

  answer answer_to(const amqp::declare_queue& what) {
    if (what.passive) {
      auto found = places.find_queue(what.vhost, what.name, asker_);
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
      made, asker_);
    if (!did) return to_refused(did.error());
    return done{name, message_count, 0};
  }

  answer answer_to(const amqp::delete_queue& what) {
    auto did = places.delete_queue(what.vhost, what.name, asker_);
    if (!did) return to_refused(did.error());
    return done{{}, message_count, 0};
  }

  answer answer_to(const purge_queue& what) {
    auto found = places.find_queue(what.vhost, what.name, asker_);
    if (!found) return to_refused(found.error());
    return done{{}, message_count, 0};
  }

  answer answer_to(const subscribe&) { return done{}; }
  answer answer_to(const cancel&) { return done{}; }

  answer answer_to(const get&) {
    return next_got ? *std::exchange(next_got, {}) : amqp::got{};
  }

  std::uint64_t asker_ = 0;
  std::uint64_t last_id_ = 100;
};

} // namespace troupe::amqp::test
