#pragma once

#include "engine/delivery/positions.hpp"
#include "engine/gateway/shard_codec.hpp"
#include "engine/ring/slot_map.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <type_traits>

// What is sent of each struct, in order, and what must hold of it: one walk
// that encoder and decoder share. `require` takes what may be asked only once
// all before it was read.

namespace troupe::gateway {

template <class T, class Of>
concept sent_as = std::same_as<std::remove_const_t<T>, Of>;

/// Says whether a run is of messages, and all of them of one partition.
inline bool lies_in(std::uint16_t partition, const position_run& run) {
  return run.count > 0 && partition_of(run.first) == partition
         && partition_last(partition) - run.first >= run.count - 1;
}

// -- of engine/delivery

template <class Visitor, sent_as<position_run> T>
void fields(Visitor& visit, T& x) {
  visit(x.first, x.count);
}

template <class Visitor, sent_as<failed_attempt> T>
void fields(Visitor& visit, T& x) {
  visit(x.at, x.error_class, x.text);
}

template <class Visitor, sent_as<failure> T>
void fields(Visitor& visit, T& x) {
  visit(x.at, x.why, x.delay, x.is_final);
}

template <class Visitor, sent_as<emitted> T>
void fields(Visitor& visit, T& x) {
  visit(x.output, x.messages);
}

template <class Visitor, sent_as<state_change> T>
void fields(Visitor& visit, T& x) {
  visit(x.handler, x.scope, x.name, x.value);
}

template <class Visitor, sent_as<settlement> T>
void fields(Visitor& visit, T& x) {
  visit(x.partition, x.acked, x.failed, x.returned, x.unseen, x.requeued);
  visit(x.rejected, x.emits, x.changes);
  visit.require([&] {
    auto is_of_it = [&](const auto& runs) {
      return std::ranges::all_of(
        runs, [&](const auto& run) { return lies_in(x.partition, run); });
    };
    return is_of_it(x.acked) && is_of_it(x.returned) && is_of_it(x.unseen)
           && is_of_it(x.requeued) && is_of_it(x.rejected)
           && std::ranges::all_of(x.failed, [&](const failure& y) {
                return partition_of(y.at) == x.partition;
              });
  });
}

template <class Visitor, sent_as<publish> T>
void fields(Visitor& visit, T& x) {
  visit(x.ticket, x.partition, x.publisher, x.sequences, x.messages);
  visit(x.has_expirations, x.is_delayed);
  visit.require([&] {
    auto is_numbered = x.sequences.size() == x.messages->size();
    return (is_numbered || x.sequences.empty())
           && std::ranges::is_sorted(x.sequences);
  });
}

template <class Visitor, sent_as<backoff> T>
void fields(Visitor& visit, T& x) {
  visit(x.initial, x.factor, x.max, x.jitter);
  visit.require([&] { // or a wait would be no number
    constexpr auto longest = duration{std::chrono::hours{24 * 366 * 1000}};
    auto is_time = [&](duration y) { return y.count() >= 0 && y <= longest; };
    return is_time(x.initial) && is_time(x.max) && std::isfinite(x.factor)
           && x.factor >= 1 && x.jitter >= 0 && x.jitter <= 1;
  });
}

template <class Visitor, sent_as<retry_policy> T>
void fields(Visitor& visit, T& x) {
  visit(x.attempts, x.backoff);
}

template <class Visitor, sent_as<subscription> T>
void fields(Visitor& visit, T& x) {
  visit(x.credit, x.retry, x.dead_output, x.priority, x.no_ack);
  visit(x.is_exclusive, x.window_bytes, x.is_getter);
}

template <class Visitor, sent_as<loaned_run> T>
void fields(Visitor& visit, T& x) {
  visit(x.at, x.published_at, x.attempt, x.redelivered, x.deliveries);
  visit.lent(x);
  visit.require([&] { return lies_in(partition_of(x.at), {x.at, x.count}); });
}

template <class Visitor, sent_as<queue_figures> T>
void fields(Visitor& visit, T& x) {
  visit(x.length, x.on_loan, x.waiting, x.resident_bytes, x.in_flight);
  visit(x.held_confirms, x.published, x.acked, x.retried, x.dead_lettered);
  visit(x.repeats_dropped, x.consumers, x.ready, x.unacked, x.ready_bytes);
  visit(x.redelivered, x.expired, x.dropped, x.refused, x.rejected);
  visit(x.purged, x.got, x.getters);
}

// -- of engine/amqp

template <class Visitor, sent_as<amqp::done> T>
void fields(Visitor& visit, T& x) {
  visit(x.queue, x.messages, x.consumers);
}

/// No shard answers so; it is among the answers of a connection.
template <class Visitor, sent_as<amqp::logged_in> T>
void fields(Visitor& visit, T&) {
  visit.require([] { return false; });
}

template <class Visitor, sent_as<amqp::refused> T>
void fields(Visitor& visit, T& x) {
  visit(x.code, x.text);
}

template <class Visitor, sent_as<amqp::got> T>
void fields(Visitor& visit, T& x) {
  visit(x.run, x.remaining);
  visit.require([&] { return !x.run || x.run->count == 1; });
}

// -- requests

template <class Visitor, sent_as<enqueue> T>
void fields(Visitor& visit, T& x) {
  visit(x.what);
}

template <class Visitor, sent_as<subscribe> T>
void fields(Visitor& visit, T& x) {
  visit(x.consumer, x.what, x.is_paused);
}

template <class Visitor, sent_as<settle> T>
void fields(Visitor& visit, T& x) {
  visit(x.consumer, x.what);
}

template <class Visitor, sent_as<leave> T>
void fields(Visitor& visit, T& x) {
  visit(x.consumer, x.crash);
}

template <class Visitor, sent_as<cancel> T>
void fields(Visitor& visit, T& x) {
  visit(x.consumer, x.answers);
}

template <class Visitor, sent_as<grant> T>
void fields(Visitor& visit, T& x) {
  visit(x.consumer, x.credit);
}

template <class Visitor, sent_as<pause> T>
void fields(Visitor& visit, T& x) {
  visit(x.consumer, x.is_paused);
}

template <class Visitor, sent_as<written> T>
void fields(Visitor& visit, T& x) {
  visit(x.consumer, x.bytes);
}

template <class Visitor, sent_as<get> T>
void fields(Visitor& visit, T& x) {
  visit(x.consumer, x.no_ack);
}

template <class Visitor, sent_as<purge> T>
void fields(Visitor& visit, T& x) {
  visit(x.number);
}

template <class Visitor, sent_as<erase> T>
void fields(Visitor& visit, T& x) {
  visit(x.number, x.if_unused, x.if_empty);
}

template <class Visitor, sent_as<describe> T>
void fields(Visitor& visit, T& x) {
  visit(x.number, x.is_use);
}

// -- replies

template <class Visitor, sent_as<confirmed> T>
void fields(Visitor& visit, T& x) {
  visit(x.tickets, x.refused);
}

template <class Visitor, sent_as<deliver> T>
void fields(Visitor& visit, T& x) {
  visit(x.consumer, x.runs);
}

template <class Visitor, sent_as<answered> T>
void fields(Visitor& visit, T& x) {
  visit(x.consumer, x.what);
}

template <class Visitor, sent_as<consumer_gone> T>
void fields(Visitor& visit, T& x) {
  visit(x.consumer);
}

template <class Visitor, sent_as<purged> T>
void fields(Visitor& visit, T& x) {
  visit(x.number, x.messages);
}

template <class Visitor, sent_as<erased> T>
void fields(Visitor& visit, T& x) {
  visit(x.number, x.what, x.messages);
  visit.require([&] { return x.what <= erased::verdict::not_empty; });
}

template <class Visitor, sent_as<described> T>
void fields(Visitor& visit, T& x) {
  visit(x.number, x.figures);
}

// -- frames

template <class Visitor, class T>
requires(sent_as<T, open> || sent_as<T, close>) void fields(Visitor&, T&) {}

template <class Visitor, class T>
requires(sent_as<T, opened> || sent_as<T, closed>) void fields(Visitor&, T&) {}

template <class Visitor, sent_as<refused> T>
void fields(Visitor& visit, T& x) {
  visit(x.text);
}

template <class Visitor, class T>
requires(sent_as<T, shard_frame> || sent_as<T, reply_frame>) void fields(
  Visitor& visit, T& x) {
  visit(x.queue, x.group, x.session, x.number, x.what);
  visit.require([&] { return static_cast<std::uint8_t>(x.group) < groups; });
}

} // namespace troupe::gateway
