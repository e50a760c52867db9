#include "actors/topology_actor.hpp"

#include "actors/queue_place.hpp"
#include "engine/amqp/refusal_code.hpp"
#include "engine/ring/slot_map.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace troupe {

namespace {

// Where the topology's changes are kept among the groups' logs.
constexpr auto kept_in = group_id{0};

exchange_declaration to_declaration(const amqp::declare_exchange& from) {
  return {from.name,        from.type,     from.durable,
          from.auto_delete, from.internal, from.arguments};
}

} // namespace

topology_actor::behavior_type topology_state::handlers(
  self_pointer self, queue_places places, topology_start start) {
  self_ = self;
  places_ = std::move(places);
  places_.topology = topology_actor{self};
  machine_ = std::move(start.machine);
  cluster_ = std::move(start.cluster);
  routes_ = std::move(start.routes);
  memory_budget_ = start.memory_budget;
  self->set_down_handler([this](const caf::down_msg& msg) { child_down(msg); });
  ids_ = std::move(start.configured);
  put_up(); // a queue that is ready may have dead letters to be routed
  if (cluster_) {
    base_ = machine_;
    copy_.fix(base_.all_records());
    last_number_ = random_() >> 1; // nobody takes it for one of an earlier run
  } else {
    for (auto& x : start.queues) adopt(std::move(x));
    add_missing_queues();
    put_up();
  }
  self->send(places_.directory, directory::watch{});
  return {
    [this](broker::ask& msg) { ask(msg); },
    [this](broker::connection_gone msg) { connection_gone(msg.connection); },
    [this](broker::queue_unused msg) { queue_unused(msg); },
    [this](topology_messages::lead msg) { lead(msg.epoch); },
    [this](topology_messages::follow msg) { follow(msg.leader); },
    [this](const topology_messages::incoming& msg) { incoming(msg); },
    [this](topology_messages::member_up msg) { member_up(msg.member); },
    [this](topology_messages::member_gone msg) { member_gone(msg.member); },
    [this](topology_messages::committed msg) { committed(msg.epoch); },
    [this](topology_messages::ask_gone msg) { ask_gone(msg); },
    [this](topology_messages::ask_again) { ask_again(); },
    [this](const queue::stored&) { stored(); },
    [this](const directory::queue_up& msg) { queue_up(msg); },
  };
}

void topology_state::ask(broker::ask& msg) {
  if (cluster_) {
    ask_in_cluster(msg);
    return;
  }
  auto by = asker{self_->current_sender(), msg.connection, 0, 0, 0, false};
  std::visit([&](auto& what) { carry_out(by, what); }, msg.what);
}

// -- answers

void topology_state::send_answer(
  const caf::strong_actor_ptr& to, amqp::answer what) {
  if (to)
    self_->send(
      caf::actor_cast<connection_actor>(to), edge::answered{std::move(what)});
}

void topology_state::answer(const asker& by, amqp::answer what) {
  if (cluster_)
    settle({by, std::move(what), {}, true});
  else
    send_answer(by.who, std::move(what));
}

void topology_state::refuse(const asker& by, const refusal& why) {
  answer(by, amqp::refused{amqp::code_of(why.why), why.text});
}

/// Shows a change to all who route, has what must last stored, and answers
/// then.
void topology_state::answer_stored(
  const asker& by, amqp::answer what, const topology_change& change) {
  put_up();
  end_gone(change);
  auto is_stored = change.records.empty();
  if (cluster_)
    settle({by, std::move(what), change.shared, is_stored});
  else if (is_stored)
    answer(by, std::move(what));
  else
    unanswered_.emplace_back(by, std::move(what));
  if (!is_stored) store(change.records);
}

void topology_state::store(const std::vector<topology_record>& records) {
  auto msg = store::commit{};
  for (const auto& x : records)
    msg.what.changes.push_back(
      {kept_in, {topology_owner, x.vhost, x.key, x.value}});
  if (cluster_)
    caf::send_as(clerk_, places_.store, std::move(msg));
  else
    self_->send(places_.store, std::move(msg));
}

void topology_state::stored() {
  auto [by, what] = std::move(unanswered_.front());
  unanswered_.pop_front();
  answer(by, std::move(what));
}

topology_state::asker topology_state::nobody() const {
  auto made = asker{};
  made.term = term_;
  return made;
}

// -- requests

void topology_state::carry_out(const asker& by, amqp::open_vhost& what) {
  if (machine_.snapshot()->has_vhost(what.vhost))
    answer(by, amqp::done{});
  else
    answer(
      by,
      amqp::refused{
        amqp::reply_code::not_allowed, "vhost " + what.vhost + " not found"});
}

void topology_state::carry_out(const asker& by, amqp::declare_exchange& what) {
  if (what.passive) {
    auto found = machine_.find_exchange(what.vhost, what.name);
    if (found)
      answer(by, amqp::done{});
    else
      refuse(by, found.error());
    return;
  }
  auto changed = machine_.declare_exchange(what.vhost, to_declaration(what));
  if (!changed) {
    refuse(by, changed.error());
    return;
  }
  auto* made = machine_.snapshot()->find_exchange(what.vhost, what.name);
  if (changed->is_new && made) add_queues_of(*made);
  answer_stored(by, amqp::done{}, *changed);
}

template <class Other>
void topology_state::carry_out(const asker& by, Other&) {
  answer(
    by, amqp::refused{
          amqp::reply_code::internal_error, "the topology cannot answer this"});
}

topology_actor::behavior_type run_topology(
  topology_actor::stateful_pointer<topology_state> self,
  queue_places places,
  topology_start start) {
  return self->state.handlers(self, std::move(places), std::move(start));
}

} // namespace troupe
