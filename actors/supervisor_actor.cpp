#include "actors/supervisor_actor.hpp"

#include "actors/actor_clock.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe {

supervisor_actor::behavior_type supervisor_state::handlers(
  supervisor_actor::stateful_pointer<supervisor_state> self,
  supervisor_options options) {
  self_ = self;
  options_ = std::move(options);
  auto size = options_.children.size();
  machine_ = std::make_unique<supervision>(options_.policy, size);
  children_.resize(size);
  was_started_.resize(size);
  self->set_down_handler([this](const caf::down_msg& msg) { down(msg); });
  machine_->on_start(actor_now(*self_));
  act();
  return {
    [this](supervisor::wake) {
      timer_.reset();
      machine_->on_timer(actor_now(*self_));
      act();
    },
    [this](supervisor::stop) {
      is_stopping_ = true;
      if (machine_->is_stopped()) {
        finish();
        return;
      }
      machine_->on_stop_request(actor_now(*self_));
      act();
    },
  };
}

void supervisor_state::down(const caf::down_msg& msg) {
  auto found = std::ranges::find_if(children_, [&](const caf::actor& x) {
    return x && x.address() == msg.source;
  });
  if (found == children_.end()) return;
  auto child = static_cast<std::size_t>(found - children_.begin());
  *found = nullptr;
  auto is_normal = !msg.reason || msg.reason == caf::exit_reason::user_shutdown;
  // A consumer has told its own story before it ended.
  auto is_told = msg.reason == caf::exit_reason::unhandled_exception;
  if (!is_normal)
    spdlog::log(
      is_told ? spdlog::level::debug : spdlog::level::warn, "{}/{} failed: {}",
      options_.name, options_.children[child].name,
      self_->system().render(msg.reason));
  machine_->on_exited(
    child, is_normal ? exit_reason::normal : exit_reason::failed,
    actor_now(*self_), std::generate_canonical<double, 32>(random_));
  act();
}

void supervisor_state::act() {
  // Starting a child is an event of its own and may ask for more.
  for (auto todo = machine_->take_actions(); !todo.empty();
       todo = machine_->take_actions())
    for (const auto& x : todo) carry_out(x);
  set_timer();
}

void supervisor_state::carry_out(const supervision_action& what) {
  if (auto* starting = std::get_if<start_child>(&what)) {
    start(starting->child);
  } else if (auto* ending = std::get_if<stop_child>(&what)) {
    if (children_[ending->child])
      options_.children[ending->child].stop(children_[ending->child]);
  } else if (auto* failed = std::get_if<give_up>(&what)) {
    gave_up_ = failed->then;
    options_.figures->has_given_up = true;
    spdlog::error(
      "{} gives up: {} failed {} times within {} ms", options_.name,
      options_.children[failed->child].name, machine_->recent_failures(),
      options_.policy.within.count());
  } else {
    finish();
  }
}

void supervisor_state::start(std::size_t child) {
  if (was_started_[child]) ++options_.figures->restarts;
  was_started_[child] = true;
  children_[child] = options_.children[child].start(self_->system());
  self_->monitor(children_[child]);
  machine_->on_started(child, actor_now(*self_));
}

void supervisor_state::finish() {
  if (is_stopping_ || !gave_up_) {
    // Without having been asked, its children have all done their work: it
    // stays, so that its parent need not tell this from a failure.
    if (is_stopping_) self_->quit(caf::exit_reason::user_shutdown);
    return;
  }
  if (*gave_up_ == on_giving_up::escalate)
    self_->quit(caf::exit_reason::out_of_workers);
  else if (*gave_up_ == on_giving_up::stop)
    options_.stop_node(options_.name + " gave up");
  else
    spdlog::error(
      "{} is paused: its queue keeps its messages; mend the cause and restart "
      "the node",
      options_.name);
}

void supervisor_state::set_timer() {
  auto due = machine_->next_due();
  if (!due || (timer_ && *timer_ <= *due)) return;
  timer_ = due;
  auto wait = std::max(*due - actor_now(*self_), duration{0});
  self_->delayed_send(supervisor_actor{self_}, wait, supervisor::wake{});
}

supervisor_actor::behavior_type run_supervisor(
  supervisor_actor::stateful_pointer<supervisor_state> self,
  supervisor_options options) {
  return self->state.handlers(self, std::move(options));
}

} // namespace troupe
