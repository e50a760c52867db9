#include "actors/queue_actor.hpp"

#include "actors/actor_clock.hpp"
#include "engine/ring/slot_map.hpp"

#include <caf/send.hpp>

namespace troupe {

namespace {

constexpr auto full_disk_pause = std::chrono::milliseconds{500};

} // namespace

queue_actor::behavior_type queue_state::handlers(
  self_pointer self, queue_places places, queue_options options) {
  self_ = self;
  places_ = std::move(places);
  self->set_down_handler(
    [this](const caf::down_msg& msg) { consumer_down(msg); });
  if (options.is_durable)
    self->send(places_.reader, store::recover{std::move(options)});
  else
    self->send(
      queue_actor{self},
      queue::recovered{std::make_shared<queue_machine>(std::move(options))});
  return {
    [this](queue::enqueue& msg) { enqueue(msg); },
    [this](queue::subscribe& msg) { subscribe(msg); },
    [this](queue::settle& msg) { settle(msg); },
    [this](queue::leave& msg) { leave(msg); },
    [this](queue::stored& msg) { stored(msg); },
    [this](queue::loaded& msg) { loaded(msg); },
    [this](queue::recovered& msg) { recovered(msg); },
    [this](queue::published& msg) { published(msg); },
    [this](queue::wake& msg) { wake(msg); },
    [this](queue::retry) { accept_held(); },
    [this](queue::act) {
      is_act_due_ = false;
      act();
    },
    [this](queue::describe) {
      return queue::description{
        machine_ ? machine_->figures() : queue_figures{}};
    },
    [this](queue::close) { return close(); },
  };
}

// -- events

void queue_state::recovered(queue::recovered& msg) {
  machine_ = std::move(msg.machine);
  act();
  self_->send(
    places_.directory,
    directory::queue_up{
      machine_->options().name, caf::actor_cast<caf::strong_actor_ptr>(self_)});
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
  auto who = caf::actor_cast<consumer_actor>(self_->current_sender());
  auto id = consumer_id{++last_consumer_};
  msg.what.id = id;
  consumers_[id] = {who, {}, 1};
  ids_[who.address()] = id;
  self_->monitor(who);
  machine_->on_subscribe(msg.what);
  act();
}

void queue_state::settle(queue::settle& msg) {
  auto from = id_of(caf::actor_cast<caf::actor_addr>(self_->current_sender()));
  auto found = consumers_.find(from);
  if (found == consumers_.end()) return; // it has left
  auto& by = found->second;
  by.rounds.push_back({msg.number, msg.what.size()});
  auto round = by.first_round + by.rounds.size() - 1;
  auto now = actor_now(*self_);
  for (auto& x : msg.what)
    machine_->on_settle(from, round, std::move(x), now, random());
  act_soon();
}

void queue_state::leave(const queue::leave& msg) {
  auto addr = caf::actor_cast<caf::actor_addr>(self_->current_sender());
  auto id = id_of(addr);
  ids_.erase(addr);
  consumers_.erase(id);
  machine_->on_gone(id, msg.crash, actor_now(*self_), random());
  act();
}

void queue_state::consumer_down(const caf::down_msg& msg) {
  auto found = ids_.find(msg.source);
  if (found == ids_.end()) return; // it left before it ended
  auto id = found->second;
  ids_.erase(found);
  consumers_.erase(id);
  auto now = actor_now(*self_);
  auto why = failed_attempt{now, "crash", "the consumer ended unexpectedly"};
  machine_->on_gone(id, failure{0, why, {}, false}, now, random());
  act();
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
  answer_close();
}

void queue_state::wake(const queue::wake& msg) {
  if (msg.generation != timer_generation_) return;
  timer_.reset();
  machine_->on_time(actor_now(*self_));
  act();
}

caf::result<queue::closed> queue_state::close() {
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

// -- actions

/// Acts behind all that is in the mailbox already, so that one commit and one
/// delivery to each consumer carry the result of them all.
void queue_state::act_soon() {
  if (is_act_due_) return;
  is_act_due_ = true;
  self_->send(queue_actor{self_}, queue::act{});
}

void queue_state::act() {
  machine_->lend();
  auto todo = machine_->take_actions();
  send_appends(todo.appends);
  send_confirms(todo.confirms);
  send_deliveries(todo.deliveries);
  send_forwards(todo.forwards);
  const auto& options = machine_->options();
  for (const auto& x : todo.fetches)
    self_->send(
      places_.reader,
      store::read{
        {group_of(options.name, x.partition), x.index}, x.partition, x.first});
  send_settled(todo.settlements);
  set_timer();
  answer_close();
}

void queue_state::send_appends(std::vector<log_append>& appends) {
  if (appends.empty()) return;
  const auto& options = machine_->options();
  auto msg = store::commit{};
  msg.what.sync = false; // what settles rides with the next one that must
  for (auto& x : appends) {
    auto group = group_of(options.name, x.partition);
    for (auto index : x.erases) msg.what.erases.push_back({group, index});
    if (auto* settled = std::get_if<settle_entry>(&x.entry))
      for (const auto& change : settled->changes)
        msg.what.changes.push_back({group, change});
    if (std::holds_alternative<publish_entry>(x.entry))
      msg.what.sync |= !options.confirm_early;
    msg.partitions.push_back(x.partition);
    if (options.is_durable)
      msg.what.appends.push_back({group, encode(x.entry)});
  }
  ++commits_out_;
  self_->send(places_.store, std::move(msg));
}

void queue_state::send_confirms(const std::vector<confirm>& confirms) {
  auto by_sender =
    std::map<caf::strong_actor_ptr, std::vector<std::uint64_t>>{};
  for (const auto& x : confirms) {
    auto found = publishers_.find(x.ticket);
    by_sender[found->second.who].push_back(found->second.ticket);
    publishers_.erase(found);
  }
  for (auto& [who, tickets] : by_sender)
    if (who)
      self_->send(
        caf::actor_cast<router_actor>(who),
        router::confirmed{std::move(tickets)});
}

void queue_state::send_deliveries(std::vector<delivery>& deliveries) {
  for (auto& x : deliveries)
    if (auto to = consumers_.find(x.to); to != consumers_.end())
      self_->send(to->second.who, consumer::deliver{std::move(x.runs)});
}

/// Answers rounds in the order they came, once all of each is committed: what
/// a later one settled may be committed first where partitions differ.
void queue_state::send_settled(
  const std::vector<troupe::settled>& settlements) {
  for (const auto& x : settlements) {
    auto to = consumers_.find(x.to);
    if (to == consumers_.end() || x.number == 0) continue;
    auto& [who, rounds, first] = to->second;
    --rounds[x.number - first].open;
    auto number = std::uint64_t{0};
    for (; !rounds.empty() && rounds.front().open == 0; ++first) {
      number = std::max(number, rounds.front().number);
      rounds.pop_front();
    }
    if (number > 0) self_->send(who, consumer::settled{number});
  }
}

void queue_state::send_forwards(std::vector<forward>& forwards) {
  const auto& options = machine_->options();
  for (auto& x : forwards) {
    forwards_[++last_forward_] = {x.partition, x.index};
    self_->send(
      places_.router,
      router::publish_output{
        last_forward_, std::move(x.what.output),
        options.name + '#' + std::to_string(x.partition),
        std::move(x.what.sequences), std::move(x.what.messages)});
  }
}

void queue_state::set_timer() {
  auto due = machine_->next_due();
  if (!due || (timer_ && *timer_ <= *due)) return;
  timer_ = due;
  auto wait = std::max(*due - actor_now(*self_), duration{0});
  self_->delayed_send(
    queue_actor{self_}, wait, queue::wake{++timer_generation_});
}

consumer_id queue_state::id_of(const caf::actor_addr& who) const {
  auto found = ids_.find(who);
  return found == ids_.end() ? consumer_id{} : found->second;
}

queue_actor::behavior_type run_queue(
  queue_actor::stateful_pointer<queue_state> self,
  queue_places places,
  queue_options options) {
  return self->state.handlers(self, std::move(places), std::move(options));
}

} // namespace troupe
