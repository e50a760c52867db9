#include "engine/amqp/channel.hpp"
#include "engine/amqp/names.hpp"
#include "engine/amqp/queue_arguments.hpp"
#include "engine/message/field_lookup.hpp"

#include <algorithm>
#include <limits>

namespace troupe::amqp {

namespace {

checked<field_table> arguments(std::string_view encoded) {
  auto read = decode_field_table(encoded);
  if (read) return std::move(*read);
  return protocol_error{
    reply_code::syntax_error, "arguments: " + read.error().detail};
}

protocol_error default_exchange() {
  return {
    reply_code::access_refused,
    "operation not permitted on the default exchange"};
}

std::uint32_t clamped(std::uint64_t count) {
  return static_cast<std::uint32_t>(
    std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max()));
}

} // namespace

// -- exchanges

checked<> channel::on(const exchange_declare& m) {
  auto read = arguments(m.arguments);
  if (!read) return read.error();
  auto what = amqp::declare_exchange{
    core_.vhost, plain_name(m.exchange), std::string{m.type}, m.passive,
    m.durable,   m.auto_delete,          m.internal,          std::move(*read)};
  if (what.name.empty()) return default_exchange();
  if (!m.passive)
    if (auto allowed = check_new_exchange(what); !allowed) return allowed;
  ask(std::move(what), {.nowait = m.nowait});
  return {};
}

/// An exchange with an alternate one publishes to it: who declares it has to
/// have that right.
checked<>
channel::check_new_exchange(const amqp::declare_exchange& what) const {
  auto self = protected_thing{"exchange", what.name};
  auto allowed = check(access_right::configure, self);
  if (!allowed) return allowed;
  const auto* alternate = find_text(what.arguments, "alternate-exchange");
  if (!alternate || core_.routes->find_exchange(core_.vhost, what.name))
    return {};
  allowed = check(access_right::read, self);
  if (!allowed) return allowed;
  return check(access_right::write, {"exchange", *alternate});
}

checked<> channel::on(const exchange_delete& m) {
  auto name = plain_name(m.exchange);
  if (name.empty()) return default_exchange();
  auto allowed = check(access_right::configure, {"exchange", name});
  if (!allowed) return allowed;
  ask(
    amqp::delete_exchange{core_.vhost, name, m.if_unused},
    {.nowait = m.nowait});
  return {};
}

checked<> channel::on(const exchange_bind& m) {
  return change_binding_of(
    {core_.vhost,
     plain_name(m.source),
     plain_name(m.destination),
     false,
     true,
     std::string{m.routing_key},
     {}},
    m.arguments, m.nowait);
}

checked<> channel::on(const exchange_unbind& m) {
  return change_binding_of(
    {core_.vhost,
     plain_name(m.source),
     plain_name(m.destination),
     false,
     false,
     std::string{m.routing_key},
     {}},
    m.arguments, m.nowait);
}

checked<> channel::change_binding_of(
  amqp::change_binding&& what, std::string_view encoded, bool nowait) {
  auto read = arguments(encoded);
  if (!read) return read.error();
  what.arguments = std::move(*read);
  auto kind = std::string_view{what.to_queue ? "queue" : "exchange"};
  auto allowed = check(access_right::write, {kind, what.destination});
  if (!allowed) return allowed;
  if (what.source.empty() || (!what.to_queue && what.destination.empty()))
    return default_exchange();
  if (what.to_queue && what.destination.starts_with(reply_to))
    return protocol_error{
      reply_code::access_refused,
      "'" + what.destination
        + "' cannot be bound: publish replies to the "
          "default exchange with this routing key"};
  allowed = check(access_right::read, {"exchange", what.source});
  if (!allowed) return allowed;
  ask(std::move(what), {.nowait = nowait});
  return {};
}

// -- queues

checked<> channel::on(const queue_declare& m) {
  auto read = arguments(m.arguments);
  if (!read) return read.error();
  auto name = plain_name(m.queue);
  if (name == reply_to) { // what a client asks before it consumes from there
    last_queue_ = name;
    if (!m.nowait) core_.send(number_, queue_declare_ok{name, 0, 1});
    return {};
  }
  auto what =
    amqp::declare_queue{core_.vhost, name,          m.passive,       m.durable,
                        m.exclusive, m.auto_delete, std::move(*read)};
  auto is_strict = core_.options.compat == compatibility::strict;
  if (is_strict && !what.passive && !what.durable && !what.exclusive)
    return protocol_error{
      reply_code::internal_error,
      "transient_nonexcl_queues is refused by compat = \"strict\": declare the "
      "queue durable or exclusive"};
  // A reply queue is there with its consumer or not at all.
  what.passive |= name.starts_with(reply_to);
  if (!what.passive)
    if (auto allowed = check_new_queue(what); !allowed) return allowed;
  ask(std::move(what), {.nowait = m.nowait});
  return {};
}

/// A queue with a dead letter exchange publishes to it: who declares it has to
/// have that right.
checked<> channel::check_new_queue(const amqp::declare_queue& what) const {
  auto name = what.name;
  if (name.empty()) {
    auto prefix = name_prefix(what);
    if (auto* no = std::get_if<refused>(&prefix))
      return protocol_error{static_cast<reply_code>(no->code), no->text};
    name = std::get<std::string>(std::move(prefix));
  }
  auto allowed = check(access_right::configure, {"queue", name});
  if (!allowed) return allowed;
  const auto* dead = find_text(what.arguments, "x-dead-letter-exchange");
  if (!dead || core_.routes->find_queue(core_.vhost, what.name)) return {};
  allowed = check(access_right::read, {"queue", name});
  if (!allowed) return allowed;
  return check(access_right::write, {"exchange", *dead});
}

checked<> channel::on(const queue_bind& m) {
  auto name = queue_name(m.queue);
  if (!name) return name.error();
  auto key = std::string{m.routing_key};
  if (m.queue.empty() && key.empty()) key = *name;
  return change_binding_of(
    {core_.vhost, plain_name(m.exchange), *name, true, true, key, {}},
    m.arguments, m.nowait);
}

checked<> channel::on(const queue_unbind& m) {
  auto name = queue_name(m.queue);
  if (!name) return name.error();
  auto key = std::string{m.routing_key};
  if (m.queue.empty() && key.empty()) key = *name;
  return change_binding_of(
    {core_.vhost, plain_name(m.exchange), *name, true, false, key, {}},
    m.arguments, false);
}

checked<> channel::on(const queue_purge& m) {
  auto name = queue_name(m.queue);
  if (!name) return name.error();
  auto allowed = check(access_right::read, {"queue", *name});
  if (!allowed) return allowed;
  ask(amqp::purge_queue{core_.vhost, *name}, {.nowait = m.nowait});
  return {};
}

checked<> channel::on(const queue_delete& m) {
  auto name = queue_name(m.queue);
  if (!name) return name.error();
  auto allowed = check(access_right::configure, {"queue", *name});
  if (!allowed) return allowed;
  ask(
    amqp::delete_queue{core_.vhost, *name, m.if_unused, m.if_empty},
    {.nowait = m.nowait});
  return {};
}

// -- answers

/// Tells the client that what it asked for is done.
void channel::on_done(const done& what) {
  if (method_ == key_of<queue_declare>) last_queue_ = what.queue;
  if (pending_->nowait) return;
  auto messages = clamped(what.messages);
  switch (method_) {
    case key_of<exchange_declare>:
      return core_.send(number_, exchange_declare_ok{});
    case key_of<exchange_delete>:
      return core_.send(number_, exchange_delete_ok{});
    case key_of<exchange_bind>: return core_.send(number_, exchange_bind_ok{});
    case key_of<exchange_unbind>:
      return core_.send(number_, exchange_unbind_ok{});
    case key_of<queue_declare>:
      return core_.send(
        number_,
        queue_declare_ok{what.queue, messages, clamped(what.consumers)});
    case key_of<queue_bind>: return core_.send(number_, queue_bind_ok{});
    case key_of<queue_unbind>: return core_.send(number_, queue_unbind_ok{});
    case key_of<queue_purge>:
      return core_.send(number_, queue_purge_ok{messages});
    case key_of<queue_delete>:
      return core_.send(number_, queue_delete_ok{messages});
    case key_of<basic_consume>:
      return core_.send(number_, basic_consume_ok{pending_->tag});
    default: return;
  }
}

} // namespace troupe::amqp
