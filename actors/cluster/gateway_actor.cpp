#include "actors/cluster/gateway_actor.hpp"

#include "actors/actor_clock.hpp"
#include "actors/cluster/shard_requests.hpp"
#include "engine/delivery/queue_groups.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace troupe {

using cluster::member_id;
using cluster::nobody;

namespace {

// A shard that is not there yet is asked for again after so long.
constexpr auto resend_pause = std::chrono::milliseconds{100};

// A session that was asked for and not answered.
constexpr auto open_limit = std::chrono::milliseconds{1000};

} // namespace

gateway_actor::behavior_type gateway_state::handlers(
  self_pointer self,
  gateway_places places,
  queue_options options,
  std::string publisher) {
  self_ = self;
  places_ = std::move(places);
  options_ = std::move(options);
  machine_.emplace(gateway::make_options(options_, std::move(publisher)));
  for (auto group : machine_->options().shards) ways_.push_back({group});
  // A session of an earlier run of this member may still be known elsewhere.
  last_session_ = static_cast<std::uint64_t>(
    std::chrono::system_clock::now().time_since_epoch().count());
  self->set_down_handler([this](const caf::down_msg& msg) { down(msg); });
  self->send(
    places_.locator,
    gates::attach{options_.full_name(), machine_->options().shards});
  self->send(
    places_.directory,
    directory::queue_up{
      options_.full_name(), caf::actor_cast<caf::strong_actor_ptr>(self)});
  return {
    [this](queue::enqueue& msg) {
      machine_->on_enqueue(client(), std::move(msg.what));
      act();
    },
    [this](const queue::subscribe& msg) {
      machine_->on_subscribe(client(), msg.consumer, msg.what, msg.is_paused);
      act();
    },
    [this](queue::settle& msg) {
      machine_->on_settle(client(), msg.consumer, std::move(msg.what));
      act();
    },
    [this](const queue::leave& msg) {
      machine_->on_leave(client(), msg.consumer, msg.crash);
      act();
    },
    [this](queue::cancel msg) {
      machine_->on_cancel(client(), msg.consumer, msg.answers);
      act();
    },
    [this](queue::grant msg) {
      machine_->on_grant(client(), msg.consumer, msg.credit);
      act();
    },
    [this](queue::pause msg) {
      machine_->on_pause(client(), msg.consumer, msg.is_paused);
      act();
    },
    [this](queue::written msg) {
      machine_->on_written(client(), msg.consumer, msg.bytes);
      act();
    },
    [this](queue::get msg) {
      machine_->on_get(client(), msg.consumer, msg.no_ack);
      act();
    },
    [this](queue::purge) { return purge(); },
    [this](queue::erase msg) { return erase(msg); },
    // These are for those that have a store.
    [](const queue::stored&) {},
    [](const queue::loaded&) {},
    [](const queue::recovered&) {},
    [](queue::published) {},
    [](queue::wake) {},
    [](queue::retry) {},
    [](queue::act) {},
    [this](queue::describe msg) { return describe(msg); },
    [](queue::close) { return queue::closed{}; },
    [this](gates::located msg) { located(msg); },
    [this](const gates::shard_here& msg) { shard_here(msg); },
    [this](gates::try_again msg) {
      auto* to = find(msg.group);
      if (to && to->session == msg.session && !to->is_up) open(*to);
    },
    [this](gates::link_changed msg) { link_changed(msg); },
    [this](const gates::received& msg) { received(msg); },
    [this](router::confirmed& msg) {
      reply(gateway::confirmed{std::move(msg.tickets), std::move(msg.refused)});
    },
    [this](consumer::deliver& msg) {
      reply(gateway::deliver{msg.consumer, std::move(msg.runs)});
    },
    [this](edge::answered& msg) {
      reply(gateway::answered{msg.consumer, std::move(msg.what)});
    },
    [this](edge::consumer_gone msg) {
      reply(gateway::consumer_gone{msg.consumer});
    },
  };
}

// -- clients

gateway::client_number gateway_state::client() {
  auto who = self_->current_sender();
  if (!who) return 0;
  auto [known, is_new] =
    numbers_.emplace(caf::actor_cast<caf::actor_addr>(who), 0);
  if (!is_new) return known->second;
  known->second = ++last_client_;
  clients_[last_client_] = who;
  self_->monitor(who);
  return last_client_;
}

/// A client or a shard on this member has ended.
void gateway_state::down(const caf::down_msg& msg) {
  for (auto& x : ways_)
    if (x.here && x.here.address() == msg.source) {
      lose(x);
      try_later(x);
    }
  if (auto known = numbers_.extract(msg.source)) {
    machine_->on_client_gone(known.mapped(), actor_now(*self_));
    clients_.erase(known.mapped());
  }
  act();
}

template <class Answer>
caf::typed_response_promise<Answer>
gateway_state::promised(std::uint64_t& number) {
  auto made = self_->make_response_promise<Answer>();
  number = ++last_request_;
  promises_.emplace(number, made);
  return made;
}

caf::result<queue::purged> gateway_state::purge() {
  auto number = std::uint64_t{0};
  auto made = promised<queue::purged>(number);
  machine_->on_purge(number);
  act();
  return made;
}

caf::result<queue::erased> gateway_state::erase(const queue::erase& msg) {
  auto number = std::uint64_t{0};
  auto made = promised<queue::erased>(number);
  machine_->on_erase(number, msg.if_unused, msg.if_empty);
  act();
  return made;
}

caf::result<queue::description>
gateway_state::describe(const queue::describe& msg) {
  auto number = std::uint64_t{0};
  auto made = promised<queue::description>(number);
  machine_->on_describe(number, msg.is_use);
  act();
  return made;
}

// -- shards

gateway_state::way* gateway_state::find(group_id group) {
  for (auto& x : ways_)
    if (x.group == group) return &x;
  return nullptr;
}

std::size_t gateway_state::place_of(const way& x) const {
  return static_cast<std::size_t>(&x - ways_.data());
}

void gateway_state::located(const gates::located& msg) {
  auto* to = find(msg.group);
  if (!to || to->leader == msg.leader) return;
  lose(*to);
  to->leader = msg.leader;
  open(*to);
  act();
}

void gateway_state::open(way& to) {
  to.session = ++last_session_;
  to.sent = to.heard = 0;
  if (to.leader == nobody) return;
  if (to.leader == places_.self) {
    self_->send(
      places_.locator, gates::find_here{options_.full_name(), to.group});
    return;
  }
  places_.links->send(
    to.leader, message_kind::to_shard,
    encode(gateway::shard_frame{
      options_.full_name(), to.group, to.session, gateway::open{}}));
  self_->delayed_send(
    gateway_actor{self_}, open_limit, gates::try_again{to.group, to.session});
}

void gateway_state::try_later(way& to) {
  self_->delayed_send(
    gateway_actor{self_}, resend_pause, gates::try_again{to.group, to.session});
}

/// What was under way is void.
void gateway_state::lose(way& to) {
  if (std::exchange(to.is_up, false)) machine_->on_down(place_of(to));
  if (to.here) self_->demonitor(to.here.address());
  to.here = queue_actor{};
}

void gateway_state::shard_here(const gates::shard_here& msg) {
  auto* to = find(msg.group);
  if (!to || to->is_up || to->leader != places_.self) return;
  to->here = caf::actor_cast<queue_actor>(msg.where);
  self_->monitor(to->here);
  to->is_up = true;
  machine_->on_up(place_of(*to), to->session);
  act();
}

void gateway_state::link_changed(const gates::link_changed& msg) {
  for (auto& x : ways_) {
    if (x.leader != msg.to) continue;
    lose(x);
    if (msg.is_up) open(x);
  }
  act();
}

void gateway_state::received(const gates::received& msg) {
  auto read = gateway::decode_reply_frame(msg.bytes);
  if (!read) {
    spdlog::warn("cluster: {}", read.error().detail);
    return;
  }
  auto* from = find(read->group);
  auto is_current =
    from && from->leader == msg.from && from->session == read->session;
  if (!is_current) return;
  auto is_end = std::holds_alternative<gateway::refused>(read->what)
                || std::holds_alternative<gateway::closed>(read->what);
  if (is_end || read->number != ++from->heard) {
    lose(*from);
    try_later(*from);
    return act();
  }
  if (std::holds_alternative<gateway::opened>(read->what)) {
    from->is_up = true;
    machine_->on_up(place_of(*from), from->session);
  } else if (auto* what = std::get_if<gateway::shard_reply>(&read->what)) {
    machine_->on_reply(place_of(*from), from->session, std::move(*what));
  }
  act();
}

/// Takes what a shard on this member answers.
void gateway_state::reply(
  const caf::actor_addr& from, gateway::shard_reply what) {
  for (auto& x : ways_)
    if (x.here && x.here.address() == from)
      machine_->on_reply(place_of(x), x.session, std::move(what));
  act();
}

void gateway_state::reply(gateway::shard_reply what) {
  reply(
    caf::actor_cast<caf::actor_addr>(self_->current_sender()), std::move(what));
}

// -- what the machine wants done

void gateway_state::act() {
  for (auto& x : machine_->take_actions())
    std::visit([this](auto& what) { carry_out(what); }, x);
}

void gateway_state::carry_out(gateway::to_shard& what) {
  auto& to = ways_[what.shard];
  if (!to.is_up || to.session != what.session) return;
  if (to.here) return send_here(to.here, what.what);
  places_.links->send(
    to.leader, message_kind::to_shard,
    encode(gateway::shard_frame{
      options_.full_name(), to.group, to.session, std::move(what.what),
      ++to.sent}));
}

void gateway_state::carry_out(gateway::to_client& what) {
  auto found = clients_.find(what.client);
  if (found == clients_.end()) return;
  const auto& to = found->second;
  if (auto* x = std::get_if<gateway::confirmed>(&what.what))
    self_->send(
      caf::actor_cast<router_actor>(to),
      router::confirmed{std::move(x->tickets), std::move(x->refused)});
  if (auto* x = std::get_if<gateway::deliver>(&what.what))
    self_->send(
      caf::actor_cast<consumer_actor>(to),
      consumer::deliver{std::move(x->runs), x->consumer});
  if (auto* x = std::get_if<gateway::answered>(&what.what))
    self_->send(
      caf::actor_cast<connection_actor>(to),
      edge::answered{std::move(x->what), x->consumer});
  if (auto* x = std::get_if<gateway::consumer_gone>(&what.what))
    self_->send(
      caf::actor_cast<connection_actor>(to), edge::consumer_gone{x->consumer});
}

void gateway_state::carry_out(gateway::to_request& what) {
  auto number = std::visit([](const auto& x) { return x.number; }, what.what);
  auto known = promises_.extract(number);
  if (!known) return;
  auto& to = known.mapped();
  if (auto* x = std::get_if<gateway::purged>(&what.what))
    std::get<caf::typed_response_promise<queue::purged>>(to).deliver(
      queue::purged{x->messages});
  if (auto* x = std::get_if<gateway::described>(&what.what))
    std::get<caf::typed_response_promise<queue::description>>(to).deliver(
      queue::description{x->figures, options_});
  if (auto* x = std::get_if<gateway::erased>(&what.what)) {
    std::get<caf::typed_response_promise<queue::erased>>(to).deliver(
      queue::erased{static_cast<queue::erased::verdict>(x->what), x->messages});
    if (x->what != gateway::erased::verdict::done) return;
    machine_->on_queue_gone();
    act();
    self_->quit(caf::exit_reason::user_shutdown);
  }
}

void gateway_state::send_here(
  const queue_actor& to, gateway::shard_request& what) {
  auto from = to.address();
  auto answer = [this, from](gateway::shard_reply x) {
    reply(from, std::move(x));
  };
  std::visit(shard_requests{self_, to, answer}, what);
}

gateway_actor::behavior_type run_gateway(
  gateway_actor::stateful_pointer<gateway_state> self,
  gateway_places places,
  queue_options options,
  std::string publisher) {
  return self->state.handlers(
    self, std::move(places), std::move(options), std::move(publisher));
}

} // namespace troupe
