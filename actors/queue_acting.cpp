#include "actors/actor_clock.hpp"
#include "actors/queue_actor.hpp"
#include "engine/delivery/queue_groups.hpp"

#include <caf/send.hpp>

#include <algorithm>

// The queue actor's second half: carrying out what its machine wants done.

namespace troupe {

namespace {

// How soon a gate that opened is noticed.
constexpr auto gate_pause = std::chrono::milliseconds{20};

} // namespace

/// Acts behind all that is in the mailbox already, so that one commit and one
/// delivery to each consumer carry the result of them all.
void queue_state::act_soon() {
  if (is_act_due_) return;
  is_act_due_ = true;
  self_->send(queue_actor{self_}, queue::act{});
}

void queue_state::act() {
  auto now = actor_now(*self_);
  // What has expired is not lent, even if its timer is late.
  if (auto due = machine_->next_due(); due && *due <= now)
    machine_->on_time(now);
  if (may_lend()) machine_->lend();
  auto todo = machine_->take_actions();
  send_appends(todo.appends);
  send_erases(todo.erases);
  send_confirms(todo.confirms);
  send_deliveries(todo.deliveries);
  send_gets(todo.gets);
  send_forwards(todo.forwards);
  const auto& options = machine_->options();
  for (const auto& x : todo.fetches)
    self_->send(
      places_.reader,
      store::read{
        {group_of(options, x.partition), x.index}, x.partition, x.first});
  send_settled(todo.settlements);
  set_timer();
  answer_close();
}

/// Names what this actor holds, as the directory has it.
std::string queue_state::listed_name() const {
  const auto& options = machine_->options();
  return shard_ ? shard_name(options, shard_->group) : options.full_name();
}

/// In a cluster another member may be about to handle the same messages.
bool queue_state::may_lend() const {
  return !shard_ || shard_->gate->is_open(cluster::local_now());
}

/// Entries that are stored and those of a memory queue that are not go in
/// commits of their own, so that the store's indexes fit.
void queue_state::send_appends(std::vector<log_append>& appends) {
  const auto& options = machine_->options();
  auto is_stored = [&](const log_append& x) {
    // In a cluster only what is replicated is stored.
    return options.is_durable || (x.is_spill && !shard_);
  };
  for (auto from = appends.begin(); from != appends.end();) {
    auto to = std::find_if(from, appends.end(), [&](const log_append& x) {
      return is_stored(x) != is_stored(*from);
    });
    commit({from, to}, is_stored(*from));
    from = to;
  }
}

/// On a node of its own, what an entry brings about is written with it.
void queue_state::add_effects(
  commit_request& to, group_id group, const log_append& of) {
  for (auto index : of.erases) to.erases.push_back({group, index});
  if (auto* settled = std::get_if<settle_entry>(&of.entry))
    for (const auto& change : settled->changes)
      to.changes.push_back({group, change});
}

/// In a cluster every replica does it, once the entry is committed.
void queue_state::take_effects_along(log_append& entry) {
  if (auto* x = std::get_if<checkpoint_entry>(&entry.entry))
    x->erases = std::move(entry.erases);
}

void queue_state::commit(std::span<log_append> appends, bool is_stored) {
  const auto& options = machine_->options();
  auto msg = store::commit{};
  msg.what.sync = false; // what settles rides with the next one that must
  for (auto& x : appends) {
    auto group = group_of(options, x.partition);
    if (shard_ && is_stored)
      take_effects_along(x);
    else
      add_effects(msg.what, group, x);
    if (std::holds_alternative<publish_entry>(x.entry))
      msg.what.sync |= options.is_durable && !options.confirm_early;
    msg.partitions.push_back(x.partition);
    if (is_stored)
      msg.what.appends.push_back(
        {group, encode(x.entry, shard_ ? shard_->epoch : single_node_epoch)});
  }
  send(std::move(msg));
}

void queue_state::send(store::commit msg) {
  ++commits_out_; // the store answers each
  self_->send(places_.store, std::move(msg));
}

void queue_state::send_erases(const std::vector<log_erase>& erases) {
  if (erases.empty()) return;
  const auto& of = machine_->options();
  auto msg = store::commit{};
  msg.what.sync = false;
  for (const auto& x : erases)
    msg.what.erases.push_back({group_of(of, x.partition), x.index});
  send(std::move(msg));
}

void queue_state::send_confirms(const std::vector<confirm>& confirms) {
  if (confirms.empty()) return;
  auto by_sender = std::map<caf::strong_actor_ptr, router::confirmed>{};
  for (const auto& x : confirms) {
    auto found = publishers_.find(x.ticket);
    if (found == publishers_.end()) continue;
    auto& [who, ticket] = found->second;
    auto& to = by_sender[who];
    to.tickets.push_back(ticket);
    if (!x.refused.empty()) to.refused[ticket] = x.refused;
    publishers_.erase(found);
  }
  // A connection takes this as a router does.
  for (auto& [who, what] : by_sender)
    if (who) self_->send(caf::actor_cast<router_actor>(who), std::move(what));
}

void queue_state::send_deliveries(std::vector<delivery>& deliveries) {
  // A connection takes this as a handler's consumer does.
  for (auto& x : deliveries)
    if (auto* to = consumers_.find(x.to))
      self_->send(
        caf::actor_cast<consumer_actor>(to->who),
        consumer::deliver{std::move(x.runs), to->number});
}

void queue_state::send_gets(std::vector<got>& gets) {
  for (auto& x : gets)
    if (auto* to = consumers_.find(x.to))
      answer_edge(
        to->who, to->number, amqp::got{std::move(x.run), x.remaining});
}

void queue_state::answer_edge(
  const caf::strong_actor_ptr& who, std::uint64_t consumer, amqp::answer what) {
  self_->send(
    caf::actor_cast<connection_actor>(who),
    edge::answered{std::move(what), consumer});
}

/// Answers rounds in the order they came, once all of each is committed: what
/// a later one settled may be committed first where partitions differ.
void queue_state::send_settled(
  const std::vector<troupe::settled>& settlements) {
  for (const auto& x : settlements) {
    auto* to = consumers_.find(x.to);
    if (!to || x.number == 0) continue;
    auto& rounds = to->rounds;
    --rounds[x.number - to->first_round].open;
    auto number = std::uint64_t{0};
    for (; !rounds.empty() && rounds.front().open == 0; ++to->first_round) {
      number = std::max(number, rounds.front().number);
      rounds.pop_front();
    }
    if (number > 0)
      self_->send(
        caf::actor_cast<consumer_actor>(to->who), consumer::settled{number});
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
        options.full_name() + '#' + std::to_string(x.partition),
        std::move(x.what.sequences), std::move(x.what.messages)});
  }
}

void queue_state::set_timer() {
  auto due = machine_->next_due();
  if (!may_lend()) {
    auto look = actor_now(*self_) + gate_pause;
    due = due ? std::min(*due, look) : look;
  }
  if (auto end = expiry(); end && (!due || *end < *due)) due = end;
  if (!due || (timer_ && *timer_ <= *due)) return;
  timer_ = due;
  auto wait = std::max(*due - actor_now(*self_), duration{0});
  self_->delayed_send(
    queue_actor{self_}, wait, queue::wake{++timer_generation_});
}

} // namespace troupe
