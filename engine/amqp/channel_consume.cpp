#include "engine/amqp/channel.hpp"
#include "engine/amqp/consumer_arguments.hpp"
#include "engine/amqp/names.hpp"
#include "engine/message/field_table.hpp"

#include <algorithm>

namespace troupe::amqp {

namespace {

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
  auto asked = read_consumer_arguments(m.arguments, **queue);
  if (!asked) return asked.error();
  auto& made = add_consumer(*queue, asked->timeout);
  made.tag = m.consumer_tag.empty() ? core_.names.next("amq.ctag-")
                                    : std::string{m.consumer_tag};
  made.no_ack = m.no_ack;
  made.prefetch = prefetch_;
  tags_.emplace(made.tag, made.number);
  auto what = subscription{};
  what.credit = credit_of(made);
  what.priority = asked->priority;
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

/// Makes a consumer. Its own timeout goes before its queue's, and that before
/// the server's.
consumer&
channel::add_consumer(const queue_ref& queue, std::optional<duration> timeout) {
  auto number = ++core_.last_consumer;
  auto& made = core_.consumers[number];
  made.number = number;
  made.channel = number_;
  made.queue = queue;
  made.counts_deliveries = is_quorum(*queue);
  if (!timeout) timeout = consumer_timeout(*queue);
  if (!timeout) timeout = core_.options.consumer_timeout;
  made.timeout = timeout.value_or(most_timeout);
  shortest_timeout_ = std::min(shortest_timeout_, made.timeout);
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
