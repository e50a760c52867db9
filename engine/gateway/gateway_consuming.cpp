#include "engine/gateway/gateway_machine.hpp"

#include <algorithm>
#include <utility>

// gateway_machine: consumers that come, change and go.

namespace troupe::gateway {

// -- who is there

gateway_machine::consumer& gateway_machine::add(
  client_number from, std::uint64_t number, subscription what) {
  auto& made = consumers_[++last_consumer_];
  made.id = last_consumer_;
  made.client = from;
  made.number = number;
  made.asked = std::move(what);
  made.asked.id = {};
  made.seats.resize(shards_.size());
  numbers_[{from, number}] = made.id;
  return made;
}

gateway_machine::consumer*
gateway_machine::find(client_number from, std::uint64_t number) {
  auto found = numbers_.find({from, number});
  return found == numbers_.end() ? nullptr : find(found->second);
}

gateway_machine::consumer* gateway_machine::find(consumer_number id) {
  auto found = consumers_.find(id);
  return found == consumers_.end() ? nullptr : &found->second;
}

void gateway_machine::forget(consumer& who) {
  numbers_.erase({who.client, who.number});
  consumers_.erase(who.id);
}

// -- events

void gateway_machine::on_subscribe(
  client_number from, std::uint64_t number, subscription what, bool is_paused) {
  if (auto* before = find(from, number)) leave(*before, {});
  auto& who = add(from, number, std::move(what));
  who.is_paused = is_paused;
  for (std::size_t i = 0; i < shards_.size(); ++i)
    if (shards_[i].is_up) seat_at(i, who);
}

void gateway_machine::on_cancel(
  client_number from, std::uint64_t number, bool answers) {
  auto* who = find(from, number);
  if (!who) {
    if (answers) tell(from, answered{number, amqp::done{}});
    return;
  }
  answer_subscribe(*who, amqp::done{});
  who->is_cancelled = true;
  who->cancels_due += answers;
  for (std::size_t i = 0; i < who->seats.size(); ++i) {
    auto& at = who->seats[i];
    if (at.is == seat::place::none || at.is_cancelling) continue;
    at.is_cancelling = answers;
    send(i, cancel{who->id, answers});
  }
  answer_cancel(*who);
}

void gateway_machine::on_grant(
  client_number from, std::uint64_t number, std::uint32_t credit) {
  auto* who = find(from, number);
  if (!who) return;
  who->asked.credit = credit;
  send_to_seats(*who, grant{who->id, share(credit)});
}

void gateway_machine::on_pause(
  client_number from, std::uint64_t number, bool is_paused) {
  auto* who = find(from, number);
  if (!who) return;
  who->is_paused = is_paused;
  send_to_seats(*who, pause{who->id, is_paused});
}

void gateway_machine::on_client_gone(client_number client, time_point now) {
  for (auto& in : shards_)
    for (auto& [ticket, x] : in.open)
      if (x.from == client) x.from.reset();
  auto next = numbers_.lower_bound({client, 0});
  while (next != numbers_.end() && next->first.first == client) {
    auto& who = *find((next++)->second);
    auto crash = std::optional<failure>{};
    if (who.number == 0 && !who.asked.is_getter)
      crash = failure{
        0, {now, "crash", "the consumer ended unexpectedly"}, {}, false};
    leave(who, crash);
  }
  std::erase_if(out_, [&](const gateway_action& x) {
    auto* to = std::get_if<to_client>(&x);
    return to && to->client == client;
  });
}

// -- what shards know of them

/// Lends a client as much as it takes, from all shards together; no shard is
/// left out.
std::uint32_t gateway_machine::share(std::uint32_t credit) const {
  auto takers = static_cast<std::uint32_t>(shards_.size());
  return credit == 0 ? 0 : std::max(credit / takers, 1U);
}

subscription gateway_machine::share(const consumer& of) const {
  auto made = of.asked;
  made.credit = share(made.credit);
  if (made.window_bytes > 0)
    made.window_bytes =
      std::max(made.window_bytes / shards_.size(), std::uint64_t{1});
  return made;
}

void gateway_machine::seat_at(std::size_t shard, consumer& who) {
  who.seats[shard] = {seat::place::asked, false};
  send(shard, subscribe{who.id, share(who), who.is_paused});
}

/// The shard knows the consumer no more. Who only had loans to settle goes.
void gateway_machine::unseat(std::size_t shard, consumer& who) {
  who.seats[shard] = {};
  std::erase_if(who.held, [&](const held_run& x) { return x.shard == shard; });
  if (who.asks_at == shard) who.is_asking = false;
  if (who.is_cancelled) answer_cancel(who);
}

void gateway_machine::send_to_seats(
  const consumer& who, const shard_request& what) {
  for (std::size_t i = 0; i < who.seats.size(); ++i)
    if (who.seats[i].is != seat::place::none) send(i, what);
}

// -- what shards answer

void gateway_machine::take(std::size_t shard, answered& what) {
  auto* who = find(what.consumer);
  if (!who) return; // it has left
  if (who->asked.is_getter) {
    take_got(shard, *who, what.what);
    return;
  }
  auto& at = who->seats[shard];
  if (at.is == seat::place::asked) {
    seated(shard, *who, what.what);
  } else if (at.is_cancelling) {
    at.is_cancelling = false;
    answer_cancel(*who);
  }
}

void gateway_machine::seated(
  std::size_t shard, consumer& who, amqp::answer& what) {
  if (std::holds_alternative<amqp::done>(what)) {
    who.seats[shard].is = seat::place::taken;
    auto is_all = std::ranges::all_of(
      who.seats, [](const seat& x) { return x.is == seat::place::taken; });
    if (is_all) answer_subscribe(who, amqp::done{});
    return;
  }
  who.seats[shard] = {};
  if (!who.is_answered && !who.asked.is_getter) {
    answer_subscribe(who, std::move(what)); // before what was held
    leave(who, {});
  } else if (who.is_cancelled) {
    answer_cancel(who);
  } else {
    gone(who);
  }
}

/// Answers once; what was lent before follows.
void gateway_machine::answer_subscribe(consumer& who, amqp::answer what) {
  if (who.is_answered || who.asked.is_getter) return;
  who.is_answered = true;
  auto is_taken = std::holds_alternative<amqp::done>(what);
  if (who.number != 0) tell(who.client, answered{who.number, std::move(what)});
  for (auto& x : std::exchange(who.held, {}))
    if (is_taken) show(who, x.shard, {std::move(x.run)});
}

/// Answers once no shard has more to say; forgets who has nothing to settle.
void gateway_machine::answer_cancel(consumer& who) {
  auto is_open = std::ranges::any_of(
    who.seats, [](const seat& x) { return x.is_cancelling; });
  if (is_open) return;
  for (; who.cancels_due > 0; --who.cancels_due)
    tell(who.client, answered{who.number, amqp::done{}});
  auto is_known = std::ranges::any_of(
    who.seats, [](const seat& x) { return x.is != seat::place::none; });
  if (!is_known) forget(who);
}

/// Answers what is open, so that nobody waits for ever.
void gateway_machine::end(consumer& who, const amqp::answer& otherwise) {
  who.held.clear();
  answer_subscribe(who, otherwise);
  for (; who.cancels_due > 0; --who.cancels_due)
    tell(who.client, answered{who.number, amqp::done{}});
  while (!who.gets.empty()) answer_get(who, otherwise);
}

void gateway_machine::take(std::size_t shard, consumer_gone& what) {
  auto* who = find(what.consumer);
  if (!who) return;
  who->seats[shard] = {};
  gone(*who);
}

/// Tells a client that its consumer is no more, and shards that have it.
void gateway_machine::gone(consumer& who) {
  auto is_told = who.number != 0 && (who.is_answered || who.asked.is_getter);
  end(who, gone_text());
  if (is_told) tell(who.client, consumer_gone{who.number});
  for (std::size_t i = 0; i < who.seats.size(); ++i)
    if (who.seats[i].is != seat::place::none && shards_[i].is_up)
      send(i, gateway::leave{who.id, {}});
  forget(who);
}

amqp::refused gateway_machine::gone_text() const {
  return {
    amqp::reply_code::not_found, "queue '" + options_.name + "' in vhost '"
                                   + options_.vhost
                                   + "' went away: declare it, and try again"};
}

} // namespace troupe::gateway
