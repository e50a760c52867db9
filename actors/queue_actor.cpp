#include "actors/queue_actor.hpp"

#include "actors/actor_clock.hpp"
#include "engine/delivery/queue_groups.hpp"

#include <caf/send.hpp>

namespace troupe {

namespace {

constexpr auto full_disk_pause = std::chrono::milliseconds{500};

} // namespace

queue_actor::behavior_type queue_state::handlers(
  self_pointer self, queue_places places, queue_start start) {
  self_ = self;
  places_ = std::move(places);
  lifetime_ = start.lifetime;
  shard_ = start.shard;
  self->set_down_handler(
    [this](const caf::down_msg& msg) { sender_down(msg); });
  used();
  if (!start.recovered && !start.options.is_durable)
    start.recovered = std::make_shared<queue_machine>(start.options);
  // Messages may be waiting already: what is ready is so before them.
  if (start.recovered)
    recovered(std::move(start.recovered));
  else
    self->send(
      places_.reader, store::recover{
                        std::move(start.options),
                        shard_ ? std::optional{shard_->group} : std::nullopt});
  return {
    [this](queue::enqueue& msg) { enqueue(msg); },
    [this](queue::subscribe& msg) { subscribe(msg); },
    [this](queue::settle& msg) { settle(msg); },
    [this](const queue::leave& msg) { leave(msg); },
    [this](queue::cancel msg) { cancel(msg); },
    [this](queue::grant msg) {
      machine_->on_credit(sender_consumer(msg.consumer), msg.credit);
      act_soon();
    },
    [this](queue::pause msg) {
      machine_->on_pause(sender_consumer(msg.consumer), msg.is_paused);
      act_soon();
    },
    [this](queue::written msg) {
      machine_->on_written(sender_consumer(msg.consumer), msg.bytes);
      act_soon();
    },
    [this](queue::get msg) { get(msg); },
    [this](queue::purge) { return purge(); },
    [this](queue::erase msg) { return erase(msg); },
    [this](queue::stored& msg) { stored(msg); },
    [this](queue::loaded& msg) { loaded(msg); },
    [this](queue::recovered& msg) { recovered(std::move(msg.machine)); },
    [this](queue::published& msg) { published(msg); },
    [this](queue::wake& msg) { wake(msg); },
    [this](queue::retry) { accept_held(); },
    [this](queue::act) {
      is_act_due_ = false;
      act();
    },
    [this](queue::describe msg) {
      if (msg.is_use) used();
      return machine_
               ? queue::description{machine_->figures(), machine_->options()}
               : queue::description{};
    },
    [this](queue::close) { return close(); },
  };
}

// -- events

void queue_state::recovered(std::shared_ptr<queue_machine> machine) {
  machine_ = std::move(machine);
  for (auto& [promise, what] : std::exchange(erasing_, {})) {
    auto done = erase_now(what);
    promise.deliver(done);
    if (done.what == queue::erased::verdict::done) return;
  }
  act();
  self_->send(
    places_.directory,
    directory::queue_up{
      listed_name(), caf::actor_cast<caf::strong_actor_ptr>(self_)});
}

void queue_state::enqueue(queue::enqueue& msg) {
  auto must_wait = machine_->options().is_durable && *places_.is_full;
  if (!must_wait && held_.empty()) {
    accept(self_->current_sender(), msg);
    act_soon();
    return;
  }
  if (held_.empty())
    self_->delayed_send(queue_actor{self_}, full_disk_pause, queue::retry{});
  held_.emplace_back(self_->current_sender(), std::move(msg));
}

void queue_state::accept(
  const caf::strong_actor_ptr& from, queue::enqueue& msg) {
  auto now = actor_now(*self_);
  for (auto& x : msg.what) {
    publishers_[++last_ticket_] = {from, x.ticket};
    x.ticket = last_ticket_;
    machine_->on_publish(std::move(x), now);
  }
}

void queue_state::accept_held() {
  if (*places_.is_full) {
    self_->delayed_send(queue_actor{self_}, full_disk_pause, queue::retry{});
    return;
  }
  for (auto& [from, msg] : std::exchange(held_, {})) accept(from, msg);
  act();
}

void queue_state::subscribe(queue::subscribe& msg) {
  auto who = self_->current_sender();
  if (consumers_.of(caf::actor_cast<caf::actor_addr>(who)).empty())
    self_->monitor(who);
  auto id = consumers_.add(who, msg.consumer);
  msg.what.id = id;
  auto is_taken = machine_->on_subscribe(msg.what);
  if (!is_taken) consumers_.remove(id);
  if (is_taken && msg.is_paused) machine_->on_pause(id, true);
  if (msg.consumer != 0)
    answer_edge(
      who, msg.consumer,
      is_taken ? amqp::answer{amqp::done{}}
               : amqp::answer{
                 amqp::refused{amqp::reply_code::access_refused, in_use()}});
  used();
  act();
}

std::string queue_state::in_use() const {
  const auto& options = machine_->options();
  return "queue '" + options.name + "' in vhost '" + options.vhost
         + "' in exclusive use";
}

void queue_state::settle(queue::settle& msg) {
  auto from = sender_consumer(msg.consumer);
  auto* by = consumers_.find(from);
  if (!by) return; // it has left
  auto round = std::uint64_t{0};
  if (!by->is_remote()) { // a connection waits for none
    by->rounds.push_back({msg.number, msg.what.size()});
    round = by->first_round + by->rounds.size() - 1;
  }
  auto now = actor_now(*self_);
  for (auto& x : msg.what)
    machine_->on_settle(from, round, std::move(x), now, random());
  act_soon();
}

void queue_state::leave(const queue::leave& msg) {
  auto before = machine_->figures().consumers;
  gone(sender_consumer(msg.consumer), msg.crash);
  act();
  look_at_use(before);
}

void queue_state::gone(consumer_id who, const std::optional<failure>& crash) {
  consumers_.remove(who);
  machine_->on_gone(who, crash, actor_now(*self_), random());
}

void queue_state::cancel(const queue::cancel& msg) {
  auto before = machine_->figures().consumers;
  machine_->on_cancel(sender_consumer(msg.consumer));
  act();
  if (msg.answers)
    answer_edge(self_->current_sender(), msg.consumer, amqp::done{});
  look_at_use(before);
}

/// Gets of a channel are a consumer that is lent to when it asks.
void queue_state::get(const queue::get& msg) {
  auto who = self_->current_sender();
  auto id = consumers_.id_of(who, msg.consumer);
  if (id == consumer_id{}) {
    if (consumers_.of(caf::actor_cast<caf::actor_addr>(who)).empty())
      self_->monitor(who);
    id = consumers_.add(who, msg.consumer);
    auto getter = subscription{};
    getter.id = id;
    getter.is_getter = true;
    machine_->on_subscribe(getter);
  }
  machine_->on_get(id, msg.consumer, msg.no_ack);
  used();
  act();
}

/// An actor that ended without a word: a handler's crash is told by its
/// consumer, a connection closes its channels before it ends.
void queue_state::sender_down(const caf::down_msg& msg) {
  auto before = machine_->figures().consumers;
  auto now = actor_now(*self_);
  for (auto id : consumers_.of(msg.source)) {
    auto crash = std::optional<failure>{};
    if (!consumers_.find(id)->is_remote())
      crash = failure{
        0, {now, "crash", "the consumer ended unexpectedly"}, {}, false};
    gone(id, crash);
  }
  act();
  look_at_use(before);
}

queue::purged queue_state::purge() {
  auto messages = machine_->on_purge(actor_now(*self_));
  act();
  return {messages};
}

// -- its end

caf::result<queue::erased> queue_state::erase(const queue::erase& msg) {
  if (machine_) return erase_now(msg);
  auto promise = self_->make_response_promise<queue::erased>();
  erasing_.emplace_back(promise, msg);
  return promise;
}

queue::erased queue_state::erase_now(const queue::erase& msg) {
  using verdict = queue::erased::verdict;
  auto figures = machine_->figures();
  if (msg.if_unused && figures.consumers > 0) return {verdict::in_use, 0};
  if (msg.if_empty && figures.ready > 0) return {verdict::not_empty, 0};
  end();
  return {verdict::done, figures.ready};
}

void queue_state::end() {
  for (const auto& [id, x] : consumers_.all())
    if (x.is_remote())
      self_->send(
        caf::actor_cast<connection_actor>(x.who),
        edge::consumer_gone{x.number});
  // What waits for a confirmation went as far as it could.
  auto open = std::vector<confirm>{};
  for (const auto& [ticket, who] : publishers_) open.push_back({ticket, {}});
  send_confirms(open);
  const auto& options = machine_->options();
  auto msg = store::commit{};
  for (auto [partition, index] : machine_->stored_entries())
    msg.what.erases.push_back({group_of(options, partition), index});
  msg.what.sync = false; // what is left over goes at the next start
  if (!msg.what.erases.empty()) self_->send(places_.store, std::move(msg));
  self_->quit(caf::exit_reason::user_shutdown);
}

/// A queue that clients declared goes when nobody needs it: some at once when
/// the last consumer leaves, some after a time.
void queue_state::look_at_use(std::uint64_t consumers_before) {
  if (consumers_before == 0 || machine_->figures().consumers > 0) return;
  used();
  if (lifetime_.auto_delete)
    self_->send(
      places_.topology, broker::queue_unused{machine_->options().id, true});
  set_timer();
}

std::optional<time_point> queue_state::expiry() const {
  if (!lifetime_.expires || machine_->figures().consumers > 0)
    return std::nullopt;
  return last_used_ + *lifetime_.expires;
}

void queue_state::stored(const queue::stored& msg) {
  for (auto [partition, index] : msg.what)
    machine_->on_stored(partition, index);
  --commits_out_;
  act_soon();
}

void queue_state::loaded(queue::loaded& msg) {
  if (!msg.messages) return;
  machine_->on_loaded(msg.partition, msg.first, std::move(msg.messages));
  act();
}

void queue_state::published(const queue::published& msg) {
  auto found = forwards_.find(msg.ticket);
  if (found == forwards_.end()) return;
  auto [partition, index] = found->second;
  forwards_.erase(found);
  machine_->on_forwarded(partition, index);
  act_soon();
  answer_close();
}

void queue_state::wake(const queue::wake& msg) {
  if (msg.generation != timer_generation_) return;
  timer_.reset();
  auto now = actor_now(*self_);
  machine_->on_time(now);
  act();
  if (auto due = expiry(); due && *due <= now) {
    self_->send(
      places_.topology, broker::queue_unused{machine_->options().id, true});
    used(); // it may still be used before that arrives
    set_timer();
  }
}

caf::result<queue::closed> queue_state::close() {
  if (!machine_) return queue::closed{}; // it has nothing that is not stored
  auto promise = self_->make_response_promise<queue::closed>();
  closing_.push_back(promise);
  machine_->on_checkpoint();
  act();
  return promise;
}

void queue_state::answer_close() {
  if (closing_.empty() || commits_out_ > 0) return;
  for (auto& x : std::exchange(closing_, {})) x.deliver(queue::closed{});
}

consumer_id queue_state::sender_consumer(std::uint64_t number) const {
  return consumers_.id_of(self_->current_sender(), number);
}

queue_actor::behavior_type run_queue(
  queue_actor::stateful_pointer<queue_state> self,
  queue_places places,
  queue_start start) {
  return self->state.handlers(self, std::move(places), std::move(start));
}

} // namespace troupe
