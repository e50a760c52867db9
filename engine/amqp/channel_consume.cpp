#include "engine/amqp/channel.hpp"
#include "engine/amqp/content_encoder.hpp"
#include "engine/message/field_table.hpp"
#include "engine/message/properties.hpp"

#include <algorithm>
#include <limits>

namespace troupe::amqp {

namespace {

constexpr auto reply_to = std::string_view{"amq.rabbitmq.reply-to"};
constexpr std::size_t most_consumers = 10'000; // of a channel

bool is_quorum(const routed_queue& queue) {
  static const auto wanted = field{"x-queue-type", {std::string{"quorum"}}};
  return queue.declared
         && std::ranges::count(queue.declared->arguments.fields, wanted) > 0;
}

bool is_single_active(const routed_queue& queue) {
  static const auto wanted = field{"x-single-active-consumer", {true}};
  return queue.declared
         && std::ranges::count(queue.declared->arguments.fields, wanted) > 0;
}

std::string in_vhost(const routed_queue& queue) {
  return "queue '" + queue.name + "' in vhost '" + queue.vhost + "'";
}

/// Reads `x-priority`, an integer of any width; none: 0.
checked<std::int32_t>
consumer_priority(const field_table& from, const routed_queue& queue) {
  auto found = std::ranges::find(from.fields, "x-priority", &field::name);
  if (found == from.fields.end()) return 0;
  auto read = std::visit(
    [](const auto& x) -> std::optional<std::int32_t> {
      using type = std::decay_t<decltype(x)>;
      if constexpr (std::is_integral_v<type> && !std::is_same_v<type, bool>)
        return static_cast<std::int32_t>(std::clamp<std::int64_t>(
          static_cast<std::int64_t>(x),
          std::numeric_limits<std::int32_t>::min(),
          std::numeric_limits<std::int32_t>::max()));
      else
        return std::nullopt;
    },
    found->value.value);
  if (read) return *read;
  return protocol_error{
    reply_code::precondition_failed, "invalid arg 'x-priority' for "
                                       + in_vhost(queue)
                                       + ": it has to be an integer"};
}

protocol_error reused_tag(std::string_view tag) {
  return {
    reply_code::not_allowed,
    "attempt to reuse consumer tag '" + std::string{tag} + "'"};
}

} // namespace

// -- beginning and ending

checked<> channel::on(const basic_consume& m) {
  if (tags_.size() >= most_consumers)
    return protocol_error{
      reply_code::not_allowed, "reached maximum ("
                                 + std::to_string(most_consumers)
                                 + ") of consumers per channel"};
  if (tags_.contains(m.consumer_tag)) return reused_tag(m.consumer_tag);
  if (m.queue == reply_to) return consume_replies(m);
  auto queue = readable_queue(m.queue);
  if (!queue) return queue.error();
  auto read = decode_field_table(m.arguments);
  if (!read)
    return protocol_error{
      reply_code::syntax_error, "arguments: " + read.error().detail};
  auto priority = consumer_priority(*read, **queue);
  if (!priority) return priority.error();
  auto& made = add_consumer(*queue);
  made.tag = m.consumer_tag.empty() ? core_.names.next("amq.ctag-")
                                    : std::string{m.consumer_tag};
  made.no_ack = m.no_ack;
  made.prefetch = prefetch_;
  tags_.emplace(made.tag, made.number);
  auto what = subscription{};
  what.credit = credit_of(made);
  what.priority = *priority;
  what.no_ack = m.no_ack;
  what.is_exclusive = m.exclusive;
  what.window_bytes = core_.options.consumer_window_bytes;
  ask(
    amqp::subscribe{
      made.number, *queue, std::move(what), is_full_ && !m.no_ack},
    {.nowait = m.nowait, .consumer = made.number, .tag = made.tag});
  return {};
}

/// Finds a queue that this connection may read.
checked<queue_ref> channel::readable_queue(std::string_view given) {
  auto name = queue_name(given);
  if (!name) return name.error();
  auto allowed = check(access_right::read, {"queue", *name});
  if (!allowed) return allowed.error();
  const auto* found = core_.routes->find_queue(core_.vhost, *name);
  if (!found)
    return protocol_error{
      reply_code::not_found,
      "no queue '" + *name + "' in vhost '" + core_.vhost + "'"};
  if (found->owner != 0 && found->owner != core_.options.id)
    return protocol_error{
      reply_code::resource_locked,
      "cannot obtain exclusive access to locked " + in_vhost(*found)
        + ". It could be originally declared on another connection or the "
          "exclusive property value does not match that of the original "
          "declaration."};
  return found->shared_from_this();
}

consumer& channel::add_consumer(const queue_ref& queue) {
  auto number = ++core_.last_consumer;
  auto& made = core_.consumers[number];
  made.number = number;
  made.channel = number_;
  made.queue = queue;
  made.counts_deliveries = is_quorum(*queue);
  consumers_.insert(number);
  return made;
}

/// Frees the tag, unless another consumer has it by now.
bool channel::untag(const consumer& who) {
  auto found = tags_.find(who.tag);
  if (found == tags_.end() || found->second != who.number) return false;
  if (who.tag == reply_tag_) {
    reply_tag_.clear();
    reply_queue_.clear();
  }
  tags_.erase(found);
  return true;
}

/// Removes all traces of a consumer but its unacked deliveries.
void channel::forget(consumer& who) {
  untag(who);
  auto got_from = getters_.find(who.queue->id);
  if (got_from != getters_.end() && got_from->second == who.number)
    getters_.erase(got_from);
  consumers_.erase(who.number);
  core_.consumers.erase(who.number);
}

/// Lets a consumer go that was cancelled, once it has settled everything.
void channel::remove_if_over(consumer& who) {
  if ((!who.is_cancelled && !who.is_gone) || who.unacked > 0) return;
  core_.leave(who);
  forget(who);
}

/// The answer comes behind what the queue has lent already, and that goes to
/// the client before it is told.
checked<> channel::on(const basic_cancel& m) {
  auto found = tags_.find(m.consumer_tag);
  if (found != tags_.end()) {
    const auto& who = *core_.find_consumer(found->second);
    auto of = pending_request{};
    of.nowait = m.nowait;
    of.consumer = who.number;
    of.cancels = true;
    of.tag = m.consumer_tag;
    ask(amqp::cancel{who.number, who.queue}, std::move(of));
  } else if (!m.nowait) {
    core_.send(number_, basic_cancel_ok{m.consumer_tag});
  }
  return {};
}

void channel::end_cancel(const pending_request& of) {
  if (auto* who = core_.find_consumer(of.consumer)) {
    untag(*who);
    who->is_cancelled = true;
    remove_if_over(*who);
  }
  if (!of.nowait) core_.send(number_, basic_cancel_ok{of.tag});
}

/// Cancels a consumer whose client did not ask for it.
void channel::cancel(consumer& who) {
  untag(who);
  who.is_cancelled = true;
  core_.notices.emplace_back(cancelled{who.number, who.queue});
  remove_if_over(who);
}

void channel::on_queue_gone(consumer& who) {
  who.is_gone = true;
  if (untag(who) && core_.client.takes_cancels)
    core_.send(number_, basic_cancel{who.tag, true});
  remove_if_over(who);
}

void channel::recheck_rights() {
  auto tagged = std::vector<consumer_number>{};
  for (const auto& [tag, number] : tags_)
    if (tag != reply_tag_) tagged.push_back(number);
  for (auto number : tagged) {
    auto& who = *core_.find_consumer(number);
    if (check(access_right::read, {"queue", who.queue->name})) continue;
    if (core_.client.takes_cancels)
      core_.send(number_, basic_cancel{who.tag, true});
    cancel(who);
  }
}

// -- direct reply-to

/// Makes a queue for replies; then the consumer follows.
checked<> channel::consume_replies(const basic_consume& m) {
  auto refusal = [](const char* text) {
    return protocol_error{reply_code::precondition_failed, text};
  };
  if (!m.no_ack) return refusal("reply consumer cannot acknowledge");
  if (!reply_queue_.empty()) return refusal("reply consumer already set");
  auto what = amqp::declare_queue{};
  what.vhost = core_.vhost;
  what.name = core_.names.next(std::string{reply_to} + ".");
  what.auto_delete = true;
  auto tag = m.consumer_tag.empty() ? core_.names.next("amq.ctag-")
                                    : std::string{m.consumer_tag};
  ask(
    std::move(what),
    {.nowait = m.nowait, .makes_reply_queue = true, .tag = std::move(tag)});
  return {};
}

checked<> channel::on_reply_queue(const done& what) {
  auto of = std::exchange(pending_, {});
  const auto* found = core_.routes->find_queue(core_.vhost, what.queue);
  if (!found)
    return protocol_error{
      reply_code::internal_error, "the queue for replies is gone: try again"};
  auto& made = add_consumer(found->shared_from_this());
  made.tag = of->tag;
  made.no_ack = true;
  tags_.emplace(made.tag, made.number);
  reply_tag_ = made.tag;
  reply_queue_ = what.queue;
  auto wanted = subscription{};
  wanted.credit = 0;
  wanted.no_ack = true;
  wanted.window_bytes = core_.options.consumer_window_bytes;
  ask(
    amqp::subscribe{made.number, made.queue, std::move(wanted), false},
    {.nowait = of->nowait, .consumer = made.number, .tag = of->tag});
  return {};
}

// -- getting

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

checked<> channel::on(const basic_get& m) {
  auto queue = readable_queue(m.queue);
  if (!queue) return queue.error();
  if (is_quorum(**queue) && is_single_active(**queue))
    return protocol_error{
      reply_code::resource_locked,
      "cannot obtain access to locked " + in_vhost(**queue)
        + ". basic.get operations are not supported by quorum queues with "
          "single active consumer"};
  auto& number = getters_[(*queue)->id];
  if (number == 0) {
    auto& made = add_consumer(*queue);
    made.is_getter = true;
    number = made.number;
  }
  ask(
    amqp::get{number, *queue, m.no_ack},
    {.consumer = number, .no_ack = m.no_ack});
  return {};
}

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
  unacked_.add({tag, 1, from->number, what.run->at});
  ++from->unacked;
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
    unacked_.add({last_tag_ + 1, run.count, to.number, run.at});
    to.unacked += run.count;
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

// -- credit

/// How many messages a consumer may have on loan; 0: any number.
std::uint32_t channel::credit_of(const consumer& who) const {
  if (who.no_ack || limit_ == 0) return who.prefetch;
  return who.prefetch == 0 ? limit_ : std::min(limit_, who.prefetch);
}

/// Tells the queues of all consumers what they may have from now on, and
/// before it gives them the channel's prefetch where `of_all`.
void channel::change_credit(bool of_all) {
  for (auto number : consumers_) {
    auto& who = *core_.find_consumer(number);
    if (who.is_getter || who.is_cancelled || who.is_gone) continue;
    if (of_all) who.prefetch = prefetch_;
    core_.notices.emplace_back(
      credit_change{who.number, who.queue, credit_of(who)});
  }
}

} // namespace troupe::amqp
