#include "engine/delivery/consumer_roster.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace troupe {

namespace {

constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();

// With fewer messages than this, consumers take turns message by message, as
// users of AMQP expect; with more, what counts is that runs are long.
constexpr std::uint64_t few_messages = 32;

} // namespace

// -- who is there

bool consumer_roster::admits(const subscription& asked) const {
  if (asked.is_getter) return true;
  if (asked.is_exclusive) return counted_ == 0;
  return std::ranges::none_of(consumers_, [](const auto& x) {
    return x.second.asked.is_exclusive && x.second.is_counted();
  });
}

void consumer_roster::add(const subscription& asked) {
  auto& x = consumers_[asked.id];
  x.asked = asked;
  x.arrival = ++arrivals_;
  if (asked.is_getter) {
    ++getters_;
    return;
  }
  ++counted_;
  shared_by_ = nullptr; // groups_ may move
  auto at = std::ranges::find_if(
    groups_, [&](const group& g) { return g.priority <= asked.priority; });
  if (at == groups_.end() || at->priority != asked.priority)
    at = groups_.insert(at, group{asked.priority, 0, {}});
  ++at->members;
  if (is_single_active_) {
    x.is_active = false;
    choose_active();
    if (!x.is_active) activities_.push_back({asked.id, false});
  }
  refresh(x);
}

void consumer_roster::cancel(consumer& x) {
  if (!x.is_counted()) return;
  leave(x);
  x.is_cancelled = true;
  if (is_single_active_ && x.is_active) {
    activities_.push_back({x.asked.id, false});
    choose_active();
  }
}

void consumer_roster::remove(consumer_id id) {
  auto found = consumers_.find(id);
  if (found == consumers_.end()) return;
  auto& x = found->second;
  if (x.asked.is_getter) --getters_;
  auto was_counted = x.is_counted();
  if (was_counted) leave(x);
  consumers_.erase(found);
  if (was_counted && is_single_active_) choose_active();
}

consumer_roster::consumer* consumer_roster::find(consumer_id id) {
  auto found = consumers_.find(id);
  return found == consumers_.end() ? nullptr : &found->second;
}

std::size_t consumer_roster::size() const { return counted_; }

std::vector<activity> consumer_roster::take_activities() {
  return std::exchange(activities_, {});
}

consumer_roster::group& consumer_roster::group_of(const consumer& x) {
  return *std::ranges::find(groups_, x.asked.priority, &group::priority);
}

/// Takes a consumer out of its group.
void consumer_roster::leave(consumer& x) {
  --counted_;
  auto& from = group_of(x);
  if (x.is_able) {
    std::erase(from.able, x.asked.id);
    x.is_able = false;
    --able_;
  }
  if (--from.members > 0) return;
  groups_.erase(groups_.begin() + (&from - groups_.data()));
  shared_by_ = nullptr;
}

/// Gives the turn to the first of the highest priority, where nobody has it.
void consumer_roster::choose_active() {
  consumer* best = nullptr;
  for (auto& entry : consumers_) {
    auto& x = entry.second;
    if (!x.is_counted()) continue;
    if (x.is_active) return;
    auto before = [&](const consumer& y) {
      return x.asked.priority != y.asked.priority
               ? x.asked.priority > y.asked.priority
               : x.arrival < y.arrival;
    };
    if (!best || before(*best)) best = &x;
  }
  if (!best) return;
  best->is_active = true;
  activities_.push_back({best->asked.id, true});
  refresh(*best);
}

// -- what they can take

void consumer_roster::set_able(consumer& x, bool can) {
  x.is_able = can;
  auto& able = group_of(x).able;
  auto at = std::ranges::lower_bound(able, x.asked.id);
  if (can) {
    able.insert(at, x.asked.id);
    ++able_;
  } else {
    able.erase(at);
    --able_;
  }
}

void consumer_roster::begin_round(std::uint64_t ready) {
  ready_ = ready;
  shared_by_ = nullptr;
  served_run_ = ready < few_messages ? few_messages : 0; // the next one's turn
}

void consumer_roster::set_share(const group& among) {
  shared_by_ = &among;
  auto takers = among.able.size();
  auto is_little = takers > 1 && ready_ < few_messages;
  share_ = is_little ? 1 : std::max(ready_ / takers, std::uint64_t{1});
}

consumer_roster::consumer& consumer_roster::next() {
  auto* top = groups_.data();
  while (top->able.empty()) ++top;
  if (top != shared_by_) set_share(*top);
  const auto& able = top->able;
  auto at = std::ranges::lower_bound(able, served_);
  auto is_same = at != able.end() && *at == served_;
  if (is_same && served_run_ >= share_) ++at;
  if (at == able.end()) at = able.begin();
  if (*at != served_ || served_run_ >= share_) served_run_ = 0;
  served_ = *at;
  return consumers_.find(served_)->second;
}

std::uint64_t consumer_roster::room(const consumer& x) const {
  auto credit =
    x.asked.credit == 0 ? unlimited : x.asked.credit - x.outstanding;
  return std::min(credit, std::max(share_, served_run_ + 1) - served_run_);
}

} // namespace troupe
