#include "engine/gateway/gateway_machine.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

// gateway_machine: messages taken one by one, and what is asked of the queue as
// a whole.

namespace troupe::gateway {

// -- gets

void gateway_machine::on_get(
  client_number from, std::uint64_t number, bool no_ack) {
  auto* who = find(from, number);
  if (!who) {
    auto asked = subscription{};
    asked.is_getter = true;
    who = &add(from, number, std::move(asked));
  }
  who->gets.push_back(no_ack);
  ask_next(*who);
}

/// Asks one shard at a time. One that is down is waited for.
void gateway_machine::ask_next(consumer& who) {
  auto shard = who.asks_at;
  if (who.gets.empty() || who.is_asking || !shards_[shard].is_up) return;
  who.is_asking = true;
  who.seats[shard].is = seat::place::taken;
  send(shard, get{who.id, who.gets.front()});
}

/// Where one shard has nothing the next is asked; what remains is the last
/// one's.
void gateway_machine::take_got(
  std::size_t shard, consumer& who, amqp::answer& what) {
  if (!who.is_asking || who.asks_at != shard) return;
  who.is_asking = false;
  auto* message = std::get_if<amqp::got>(&what);
  if (message && message->run && !show(shard, *message->run))
    message->run.reset();
  if (message && !message->run && ++who.found_empty < shards_.size())
    who.asks_at = (shard + 1) % shards_.size();
  else
    answer_get(who, std::move(what));
  ask_next(who);
}

void gateway_machine::answer_get(consumer& who, amqp::answer what) {
  who.gets.pop_front();
  who.found_empty = 0;
  // Who leaves has taken nothing.
  if (std::holds_alternative<amqp::done>(what)) what = amqp::got{};
  tell(who.client, answered{who.number, std::move(what)});
}

// -- questions to all shards

void gateway_machine::on_purge(request_number request) {
  ask(request, purge{request});
}

void gateway_machine::on_erase(
  request_number request, bool if_unused, bool if_empty) {
  ask(request, erase{request, if_unused, if_empty});
}

void gateway_machine::on_describe(request_number request, bool is_use) {
  ask(request, describe{request, is_use});
}

void gateway_machine::ask(request_number number, shard_request what) {
  auto& made = requests_[number];
  made.what = std::move(what);
  made.answered.resize(shards_.size());
  for (std::size_t i = 0; i < shards_.size(); ++i)
    if (shards_[i].is_up) send(i, made.what);
}

/// Asks a shard that came up what it has not answered.
void gateway_machine::ask_open(std::size_t shard) {
  for (const auto& [number, x] : requests_)
    if (!x.answered[shard]) send(shard, x.what);
}

void gateway_machine::take(std::size_t shard, purged& what) {
  auto* found = note_answer(shard, what.number);
  if (!found) return;
  found->messages += what.messages;
  answer_if_all(what.number);
}

/// The first that refuses settles it.
void gateway_machine::take(std::size_t shard, erased& what) {
  auto* found = note_answer(shard, what.number);
  if (!found) return;
  found->messages += what.messages;
  if (what.what == erased::verdict::done) {
    answer_if_all(what.number);
    return;
  }
  requests_.erase(what.number);
  out_.emplace_back(to_request{erased{what.number, what.what, 0}});
}

void gateway_machine::take(std::size_t shard, described& what) {
  auto* found = note_answer(shard, what.number);
  if (!found) return;
  using x = queue_figures;
  constexpr auto all = std::array{
    &x::length,    &x::on_loan,       &x::waiting,         &x::resident_bytes,
    &x::in_flight, &x::held_confirms, &x::published,       &x::acked,
    &x::retried,   &x::dead_lettered, &x::repeats_dropped, &x::consumers,
    &x::ready,     &x::unacked,       &x::ready_bytes,     &x::redelivered,
    &x::expired,   &x::dropped,       &x::refused,         &x::rejected,
    &x::purged,    &x::got,           &x::getters};
  static_assert(sizeof(queue_figures) == all.size() * sizeof(std::uint64_t));
  for (auto figure : all) found->figures.*figure += what.figures.*figure;
  answer_if_all(what.number);
}

/// Returns the request that a shard answered for the first time.
gateway_machine::open_request*
gateway_machine::note_answer(std::size_t shard, request_number number) {
  auto found = requests_.find(number);
  if (found == requests_.end() || found->second.answered[shard]) return nullptr;
  found->second.answered[shard] = true;
  return &found->second;
}

void gateway_machine::answer_if_all(request_number number) {
  auto found = requests_.find(number);
  if (!std::ranges::all_of(found->second.answered, std::identity{})) return;
  auto all = std::move(found->second);
  requests_.erase(found);
  answer(number, all);
}

void gateway_machine::answer(request_number number, const open_request& what) {
  auto made = to_request{described{number, what.figures}};
  if (std::holds_alternative<purge>(what.what))
    made.what = purged{number, what.messages};
  else if (std::holds_alternative<erase>(what.what))
    made.what = erased{number, erased::verdict::done, what.messages};
  out_.push_back(std::move(made));
}

} // namespace troupe::gateway
