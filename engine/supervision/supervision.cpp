#include "engine/supervision/supervision.hpp"

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

// A child that ran this many times as long as it had to wait before is not
// failing in a row: one that fails now and then keeps nine tenths of its time.
constexpr int steady_run = 10;

std::string to_string(on_giving_up then) {
  switch (then) {
    case on_giving_up::pause: return "pause";
    case on_giving_up::escalate: return "escalate";
    case on_giving_up::stop: return "stop";
  }
  return "unknown";
}

struct printer {
  std::string operator()(const start_child& x) const {
    return "start " + std::to_string(x.child);
  }
  std::string operator()(const stop_child& x) const {
    return "stop " + std::to_string(x.child);
  }
  std::string operator()(const give_up& x) const {
    auto child = " (child " + std::to_string(x.child) + ")";
    return "give up: " + to_string(x.then) + child;
  }
  std::string operator()(const all_stopped&) const { return "all stopped"; }
};

} // namespace

std::string to_string(const supervision_action& action) {
  return std::visit(printer{}, action);
}

// -- events

void supervision::on_start(time_point now) {
  is_started_ = true;
  advance(now);
}

void supervision::on_started(std::size_t child, time_point now) {
  if (child >= children_.size()) return;
  auto& x = children_[child];
  if (x.now != phase::starting) return; // it was asked to stop meanwhile
  x.now = phase::running;
  x.started_at = now;
  advance(now);
}

void supervision::on_exited(
  std::size_t child, exit_reason reason, time_point now, double random) {
  if (!is_alive(child)) return;
  auto& x = children_[child];
  if (x.now == phase::running && now - x.started_at >= steady_run * x.waited)
    x.failures = 0;
  auto was_asked = x.now == phase::stopping;
  auto is_expected = was_asked || x.must_stop || is_ending_;
  x.must_stop = false;
  // A child that ends by itself while it waits for its turn to be stopped is
  // done too; one that was asked may end normally only because of that.
  x.now =
    reason == exit_reason::normal && !was_asked ? phase::done : phase::waiting;
  if (reason == exit_reason::failed && !is_expected)
    on_failed(child, now, random);
  advance(now);
}

void supervision::on_timer(time_point now) { advance(now); }

void supervision::on_stop_request(time_point now) {
  end();
  advance(now);
}

std::vector<supervision_action> supervision::take_actions() {
  return std::exchange(out_, {});
}

std::optional<time_point> supervision::next_due() const {
  if (!is_started_ || is_ending_) return std::nullopt;
  auto is_awaited = [](const child_state& x) { return x.must_stop; };
  if (std::ranges::any_of(children_, is_awaited)) return std::nullopt;
  auto due = std::optional<time_point>{};
  for (const auto& x : children_) {
    if (x.now == phase::waiting && (!due || x.not_before < *due))
      due = x.not_before;
    // Those behind wait for it, however early they may be started.
    if (!are_independent() && x.now != phase::running && x.now != phase::done)
      break;
  }
  return due;
}

// -- rules

void supervision::on_failed(std::size_t child, time_point now, double random) {
  if (is_too_often(now)) {
    has_given_up_ = true;
    out_.push_back(give_up{child, policy_.then});
    return end();
  }
  auto& x = children_[child];
  x.waited = policy_.backoff.delay(++x.failures, random);
  restart_group(child, now + x.waited);
}

/// Notes a failure at `now`. One group started anew counts as one restart.
bool supervision::is_too_often(time_point now) {
  while (!failures_.empty() && failures_.front() <= now - policy_.within)
    failures_.pop_front();
  failures_.push_back(now);
  return failures_.size() > policy_.max_restarts;
}

void supervision::restart_group(std::size_t failed, time_point at) {
  auto all = policy_.strategy == strategy::one_for_all;
  auto first = all ? 0 : failed;
  auto end = are_independent() ? failed + 1 : children_.size();
  for (auto i = first; i < end; ++i) {
    auto& x = children_[i];
    x.must_stop = x.is_alive();
    x.not_before = std::max(x.not_before, at);
  }
}

void supervision::end() {
  is_ending_ = true;
  for (auto& x : children_) x.must_stop = x.is_alive();
}

void supervision::advance(time_point now) {
  if (stop_some()) return;
  if (!is_ended()) return start_some(now);
  if (!std::exchange(is_stopped_, true)) out_.push_back(all_stopped{});
}

/// Returns whether an exit is awaited.
bool supervision::stop_some() {
  auto is_awaiting = false;
  for (auto i = children_.size(); i-- > 0;) {
    if (!children_[i].must_stop) continue;
    ask_to_stop(i);
    is_awaiting = true;
    if (!are_independent()) break;
  }
  return is_awaiting;
}

void supervision::ask_to_stop(std::size_t child) {
  auto& x = children_[child];
  if (x.now == phase::stopping) return;
  x.now = phase::stopping;
  out_.push_back(stop_child{child});
}

void supervision::start_some(time_point now) {
  if (!is_started_) return;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    auto& x = children_[i];
    if (x.now == phase::waiting && x.not_before <= now) {
      x.now = phase::starting;
      out_.push_back(start_child{i});
    }
    if (!are_independent() && x.now != phase::running && x.now != phase::done)
      break;
  }
}

bool supervision::is_ended() const {
  auto never = [this](const child_state& x) {
    return x.now == phase::done || (is_ending_ && !x.is_alive());
  };
  return std::ranges::all_of(children_, never);
}

} // namespace troupe
