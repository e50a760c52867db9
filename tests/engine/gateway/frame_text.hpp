#pragma once

#include "engine/gateway/shard_codec.hpp"

#include <sstream>
#include <string>

// All that a frame says, as text: written by hand, so that a field which the
// codec forgets in both directions shows. Of a loan, what can be read of it.

namespace troupe::test {

class frame_text {
public:
  template <class Frame>
  static std::string of(const Frame& x) {
    auto to = frame_text{};
    to.add(x.queue, x.group, x.session, x.number, x.what);
    return to.out_.str();
  }

private:
  template <class... Values>
  void add(const Values&... all) {
    ((out_ << '['), ..., (one(all), out_ << ']'));
  }

  template <std::integral T>
  void one(T x) {
    out_ << +x;
  }
  void one(double x) { out_ << x; }
  template <class T>
  requires std::is_enum_v<T>
  void one(T x) { out_ << +static_cast<std::underlying_type_t<T>>(x); }
  void one(duration x) { out_ << x.count(); }
  void one(time_point x) { one(x.time_since_epoch()); }
  void one(const std::string& x) { out_ << '"' << x << '"'; }
  void one(const batch_ptr& x) { one(std::string{x->bytes()}); }

  template <class T>
  void one(const std::optional<T>& x) {
    if (x) one(*x);
  }
  template <class T>
  void one(const std::vector<T>& all) {
    for (const auto& x : all) add(x);
  }
  template <class Key, class T>
  void one(const std::map<Key, T>& all) {
    for (const auto& [key, x] : all) add(key, x);
  }
  template <class... Kinds>
  void one(const std::variant<Kinds...>& what) {
    out_ << what.index() << ':';
    std::visit([&](const auto& x) { one(x); }, what);
  }

  void one(const position_run& x) { add(x.first, x.count); }
  void one(const failed_attempt& x) { add(x.at, x.error_class, x.text); }
  void one(const failure& x) { add(x.at, x.why, x.delay, x.is_final); }
  void one(const emitted& x) { add(x.output, x.messages); }
  void one(const state_change& x) {
    add(x.handler, x.scope, x.name, x.value.has_value(), x.value);
  }
  void one(const settlement& x) {
    add(x.partition, x.acked, x.failed, x.returned, x.unseen, x.requeued);
    add(x.rejected, x.emits, x.changes);
  }
  void one(const publish& x) {
    add(x.ticket, x.partition, x.publisher, x.sequences, x.messages);
    add(x.has_expirations, x.is_delayed);
  }
  void one(const subscription& x) {
    add(x.credit, x.retry.attempts, x.retry.backoff.initial);
    add(x.retry.backoff.factor, x.retry.backoff.max, x.retry.backoff.jitter);
    add(x.dead_output, x.priority, x.no_ack, x.is_exclusive, x.window_bytes);
    add(x.is_getter);
  }
  void one(const loaned_run& x) {
    add(x.count, x.at, x.published_at, x.attempt, x.redelivered, x.deliveries);
    for (std::uint32_t i = 0; i < x.count; ++i) {
      auto m = x[i];
      add(std::string{m.exchange()}, std::string{m.routing_key()});
      add(std::string{m.encoded_properties()}, std::string{m.body()});
    }
    add(x.bytes());
  }
  void one(const queue_figures& x) {
    const auto* first = reinterpret_cast<const std::uint64_t*>(&x);
    for (std::size_t i = 0; i < sizeof x / sizeof *first; ++i) add(first[i]);
  }

  void one(const amqp::done& x) { add(x.queue, x.messages, x.consumers); }
  void one(const amqp::logged_in&) { out_ << "nobody"; }
  void one(const amqp::refused& x) { add(x.code, x.text); }
  void one(const amqp::got& x) { add(x.run, x.remaining); }

  void one(const gateway::open&) {}
  void one(const gateway::close&) {}
  void one(const gateway::enqueue& x) { add(x.what); }
  void one(const gateway::subscribe& x) {
    add(x.consumer, x.what, x.is_paused);
  }
  void one(const gateway::settle& x) { add(x.consumer, x.what); }
  void one(const gateway::leave& x) { add(x.consumer, x.crash); }
  void one(const gateway::cancel& x) { add(x.consumer, x.answers); }
  void one(const gateway::grant& x) { add(x.consumer, x.credit); }
  void one(const gateway::pause& x) { add(x.consumer, x.is_paused); }
  void one(const gateway::written& x) { add(x.consumer, x.bytes); }
  void one(const gateway::get& x) { add(x.consumer, x.no_ack); }
  void one(const gateway::purge& x) { add(x.number); }
  void one(const gateway::erase& x) { add(x.number, x.if_unused, x.if_empty); }
  void one(const gateway::describe& x) { add(x.number, x.is_use); }

  void one(const gateway::opened&) {}
  void one(const gateway::refused& x) { add(x.text); }
  void one(const gateway::closed&) {}
  void one(const gateway::confirmed& x) { add(x.tickets, x.refused); }
  void one(const gateway::deliver& x) { add(x.consumer, x.runs); }
  void one(const gateway::answered& x) { add(x.consumer, x.what); }
  void one(const gateway::consumer_gone& x) { add(x.consumer); }
  void one(const gateway::purged& x) { add(x.number, x.messages); }
  void one(const gateway::erased& x) { add(x.number, x.what, x.messages); }
  void one(const gateway::described& x) { add(x.number, x.figures); }

  std::ostringstream out_;
};

} // namespace troupe::test
