#include "actors/topology_history.hpp"

#include "actors/queue_place.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <limits>

namespace troupe {

namespace {

// The one consumer that this actor is, by its own number.
constexpr std::uint64_t consumer_number = 1;

constexpr std::uint64_t most_bytes = 1024 * 1024; // borrowed at a time

// So long may nothing move, for the client waits meanwhile.
constexpr auto look_interval = std::chrono::seconds{5};

} // namespace

history_actor::behavior_type
history_state::handlers(self_pointer self, history_places places) {
  self_ = self;
  places_ = std::move(places);
  return {
    [this](history::replay& msg) { return replay(msg); },
    [this](history::look msg) {
      if (msg.step == step_) end();
    },
    [this](const edge::answered& msg) {
      if (std::holds_alternative<amqp::refused>(msg.what)) end();
    },
    [this](edge::consumer_gone) { end(); },
    [this](const consumer::deliver& msg) { delivered(msg); },
    [this](const router::confirmed& msg) {
      for (auto ticket : msg.tickets) confirmed(ticket);
    },
    [this](queue::published msg) { confirmed(msg.ticket); },
  };
}

caf::result<history::replayed> history_state::replay(history::replay& msg) {
  what_ = std::move(msg);
  from_ = caf::actor_cast<queue_actor>(what_.from);
  promise_ = self_->make_response_promise<history::replayed>();
  auto answer = promise_; // `end` may come before this returns
  note_progress();
  self_->request(from_, caf::infinite, queue::describe{})
    .then(
      [this](const queue::description& x) { counted(x.figures.ready); },
      [this](const caf::error&) { end(); });
  return answer;
}

void history_state::counted(std::uint64_t ready) {
  wanted_ = ready;
  if (is_over_ || ready == 0) {
    end();
    return;
  }
  auto asked = subscription{};
  asked.credit = static_cast<std::uint32_t>(
    std::min<std::uint64_t>(ready, std::numeric_limits<std::uint32_t>::max()));
  asked.window_bytes = most_bytes;
  is_consumer_ = true;
  self_->send(from_, queue::subscribe{std::move(asked), consumer_number});
}

void history_state::delivered(const consumer::deliver& msg) {
  if (is_over_) return;
  note_progress();
  auto gathered = batch_builder{};
  for (const auto& run : msg.runs) {
    taken_ += run.count;
    open_bytes_ += run.bytes();
    for (std::uint32_t i = 0; i < run.count; ++i) {
      gathered.add(*run.messages, run.first + i);
      if (gathered.is_full()) publish(*gathered.take());
    }
  }
  if (!gathered.empty()) publish(*gathered.take());
  go_on();
}

void history_state::publish(const batch& messages) {
  auto routed = amqp::route_history(
    *places_.routes->look(), what_.vhost, what_.added, messages);
  for (auto& x : routed) send(x);
}

/// A queue may be gone or about to be started again: that is its loss.
void history_state::send(amqp::exchanged& what) {
  const auto* place = place_of(*what.to);
  if (!place) return;
  if (!place->output.empty()) {
    open_.insert(++last_ticket_);
    self_->send(
      places_.router,
      router::publish_output{
        last_ticket_, place->output, {}, {}, std::move(what.messages)});
  } else if (place->where) {
    open_.insert(++last_ticket_);
    auto one = troupe::publish{};
    one.ticket = last_ticket_;
    one.partition = what.partition;
    one.messages = std::move(what.messages);
    one.has_expirations = what.has_expirations;
    one.is_delayed = what.is_delayed;
    self_->send(place->where, queue::enqueue{{std::move(one)}});
  }
}

void history_state::confirmed(std::uint64_t ticket) {
  if (is_over_ || open_.erase(ticket) == 0) return;
  note_progress();
  go_on();
}

/// Borrows more, or ends, once all that was borrowed is safe elsewhere.
void history_state::go_on() {
  if (!open_.empty()) return;
  if (taken_ >= wanted_) {
    end();
    return;
  }
  auto bytes = std::exchange(open_bytes_, 0);
  if (bytes > 0) self_->send(from_, queue::written{consumer_number, bytes});
}

void history_state::note_progress() {
  self_->delayed_send(
    history_actor{self_}, look_interval, history::look{++step_});
}

void history_state::end() {
  if (std::exchange(is_over_, true)) return;
  if (is_consumer_) self_->send(from_, queue::leave{{}, consumer_number});
  promise_.deliver(history::replayed{taken_});
  self_->quit(caf::exit_reason::user_shutdown);
}

history_actor::behavior_type run_history(
  history_actor::stateful_pointer<history_state> self, history_places places) {
  return self->state.handlers(self, std::move(places));
}

} // namespace troupe
