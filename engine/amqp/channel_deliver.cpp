#include "engine/amqp/channel.hpp"
#include "engine/amqp/content_encoder.hpp"
#include "engine/message/properties.hpp"

#include <algorithm>
#include <limits>

namespace troupe::amqp {

namespace {

/// Returns a message as its client sees it: a quorum queue tells how often it
/// came back. `properties` is what the answer may be a view of.
message as_seen(
  const consumer& to,
  const loaned_run& run,
  std::uint32_t i,
  std::string& properties) {
  auto one = run[i];
  if (!to.counts_deliveries || run.deliveries == 0) return one;
  properties = with_headers(
    one.encoded_properties(),
    {{"x-delivery-count", {std::int64_t{run.deliveries}}}});
  return {one.exchange(), one.routing_key(), properties, one.body()};
}

} // namespace

void channel::on_got(got& what) {
  auto* from = core_.find_consumer(pending_->consumer);
  if (!what.run || !from) return core_.send(number_, basic_get_empty{});
  auto tag = ++last_tag_;
  auto properties = std::string{};
  auto one = as_seen(*from, *what.run, 0, properties);
  auto most = std::numeric_limits<std::uint32_t>::max();
  auto remaining = std::min<std::uint64_t>(what.remaining, most);
  put_message(
    core_.output, number_, core_.frame_max,
    basic_get_ok{
      tag, what.run->redelivered, one.exchange(), one.routing_key(),
      static_cast<std::uint32_t>(remaining)},
    one);
  if (pending_->no_ack) return;
  note_unacked(*from, {.tag = tag, .count = 1, .at = what.run->at});
}

// -- delivering

void channel::on_deliveries(consumer& to, const std::vector<loaned_run>& runs) {
  for (const auto& run : runs) {
    if (to.is_cancelled || to.is_gone) {
      give_back(to, run);
    } else if (limit_ == 0 || to.no_ack) {
      deliver(to, run);
    } else if (auto some = take_room(run, to); some.count > 0) {
      deliver(to, some);
    }
  }
  mind_limit();
}

/// Returns what of a run the channel's limit has room for; the rest goes back,
/// for others to have.
loaned_run channel::take_room(const loaned_run& run, consumer& to) {
  auto room = limit_ > outstanding_ ? limit_ - outstanding_ : 0;
  auto some = run;
  some.count =
    static_cast<std::uint32_t>(std::min<std::uint64_t>(room, run.count));
  if (some.count == run.count) return some;
  auto rest = run;
  rest.first += some.count;
  rest.at += some.count;
  rest.count -= some.count;
  give_back(to, rest);
  return some;
}

/// Pauses the consumers of a channel that has all it may have: each may have
/// as much by its own credit, for nobody knows which queue has messages.
void channel::mind_limit() {
  auto is_full = limit_ > 0 && outstanding_ >= limit_;
  if (is_full == is_full_) return;
  is_full_ = is_full;
  for (auto number : consumers_) {
    const auto& who = *core_.find_consumer(number);
    if (who.is_getter || who.no_ack || who.is_cancelled || who.is_gone)
      continue;
    core_.notices.emplace_back(pausing{who.number, who.queue, is_full});
  }
}

void channel::deliver(consumer& to, const loaned_run& run) {
  auto m = basic_deliver{to.tag, 0, run.redelivered, {}, {}};
  auto properties = std::string{};
  for (std::uint32_t i = 0; i < run.count; ++i) {
    auto one = as_seen(to, run, i, properties);
    m.delivery_tag = last_tag_ + 1 + i;
    m.exchange = one.exchange();
    m.routing_key = one.routing_key();
    put_message(core_.output, number_, core_.frame_max, m, one);
  }
  core_.unwritten_deliveries.push_back(
    {core_.output_end(), to.number, run.bytes()});
  if (!to.no_ack) {
    note_unacked(to, {.tag = last_tag_ + 1, .count = run.count, .at = run.at});
    outstanding_ += run.count;
  }
  last_tag_ += run.count;
}

void channel::give_back(const consumer& whose, const loaned_run& run) {
  if (whose.no_ack || whose.is_gone) return;
  core_.settled.add(
    whose.number, whose.queue, verdict::unseen, {run.at, run.count});
  // The queue counts them as on their way to the client.
  core_.notices.emplace_back(written{whose.number, whose.queue, run.bytes()});
}

// -- time

/// Notes what the client has from now on.
void channel::note_unacked(consumer& of, unacked_run what) {
  what.consumer = of.number;
  what.since = core_.delivery_time();
  unacked_.add(what);
  of.unacked += what.count;
  core_.look_at_deliveries(what.since + of.timeout);
}

/// Looks at the oldest delivery alone where all consumers have the same time.
/// Shorter times among longer ones need a look at all that are old enough.
checked<> channel::check_deliveries() {
  auto overdue = std::optional<duration>{};
  unacked_.for_each([&](const unacked_run& run) {
    auto timeout = core_.find_consumer(run.consumer)->timeout;
    auto next = run.since + shortest_timeout_;
    if (run.since + timeout <= core_.now)
      overdue = timeout;
    else
      core_.look_at_deliveries(run.since + timeout);
    if (overdue || run.is_extended || next <= core_.now) return !overdue;
    core_.look_at_deliveries(next);
    return false;
  });
  if (!overdue) return {};
  return protocol_error{
    reply_code::precondition_failed,
    "delivery acknowledgement on channel " + std::to_string(number_)
      + " timed out. Timeout value used: " + std::to_string(overdue->count())
      + " ms. This timeout value can be configured, see consumers doc guide to "
        "learn more"};
}

} // namespace troupe::amqp
