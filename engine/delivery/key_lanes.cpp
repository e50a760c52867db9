#include "engine/delivery/key_lanes.hpp"

#include <algorithm>

namespace troupe {

key_lanes::answer key_lanes::offer(key_hash key, position at, bool parked) {
  auto found = lanes_.find(key);
  if (found == lanes_.end() && !parked) return {verdict::free};
  auto& x = found == lanes_.end() ? lanes_[key] : found->second;
  if (!parked && x.waiting.empty() && x.loans > 0)
    return {verdict::holder, x.holder};
  put(x, at);
  if (parked) {
    ++x.parked;
    parked_.emplace(at, key);
  }
  return {verdict::queued};
}

void key_lanes::queue(key_hash key, position at) { put(lanes_[key], at); }

void key_lanes::lend(key_hash key, position at, consumer_id to) {
  auto& x = lanes_[key];
  x.holder = to;
  ++x.loans;
  key_of_.emplace(at, key);
}

/// Ends the loan of a message; returns its key, or nothing where it was not on
/// loan.
std::optional<key_lanes::key_hash> key_lanes::end_loan(position at) {
  auto found = key_of_.find(at);
  if (found == key_of_.end()) return std::nullopt;
  auto key = found->second;
  key_of_.erase(found);
  --lanes_[key].loans;
  return key;
}

void key_lanes::on_settled(position at) {
  if (auto key = end_loan(at)) settle_down(*key, lanes_[*key]);
}

void key_lanes::on_returned(position at) {
  auto key = end_loan(at);
  if (!key) return;
  auto& x = lanes_[*key];
  put(x, at);
  settle_down(*key, x);
}

void key_lanes::on_parked(position at) {
  auto found = key_of_.find(at);
  if (found == key_of_.end()) return;
  parked_.emplace(at, found->second);
  ++lanes_[found->second].parked;
  on_returned(at);
}

void key_lanes::on_due(position at) {
  auto found = parked_.find(at);
  if (found == parked_.end()) return;
  auto key = found->second;
  parked_.erase(found);
  auto& x = lanes_[key];
  --x.parked;
  settle_down(key, x);
}

std::optional<key_lanes::key_hash> key_lanes::ready() {
  while (!ready_.empty()) {
    auto key = ready_.front();
    ready_.pop_front();
    auto found = lanes_.find(key);
    if (found == lanes_.end()) continue;
    auto& x = found->second;
    x.in_line = false;
    if (x.loans == 0 && x.parked == 0 && !x.waiting.empty()) return key;
  }
  return std::nullopt;
}

std::optional<position> key_lanes::front(key_hash key) const {
  auto found = lanes_.find(key);
  if (found == lanes_.end() || found->second.waiting.empty())
    return std::nullopt;
  return found->second.waiting.front();
}

void key_lanes::pop(key_hash key) {
  lanes_[key].waiting.pop_front();
  --queued_;
}

void key_lanes::put_back(key_hash key) {
  auto& x = lanes_[key];
  if (x.in_line) return;
  x.in_line = true;
  ready_.push_back(key);
}

std::vector<position>
key_lanes::take_waiting(const std::function<bool(position)>& is_meant) {
  auto taken = std::vector<position>{};
  auto emptied = std::vector<key_hash>{};
  for (auto& [key, x] : lanes_) {
    auto take = [&](position at) {
      if (parked_.contains(at) || !is_meant(at)) return false;
      taken.push_back(at);
      return true;
    };
    auto& line = x.waiting;
    line.erase(std::remove_if(line.begin(), line.end(), take), line.end());
    if (x.waiting.empty() && x.loans == 0 && x.parked == 0)
      emptied.push_back(key);
  }
  for (auto key : emptied) lanes_.erase(key);
  queued_ -= taken.size();
  std::ranges::sort(taken);
  return taken;
}

std::optional<position> key_lanes::oldest_waiting() const {
  auto oldest = std::optional<position>{};
  for (const auto& [key, x] : lanes_)
    for (auto at : x.waiting)
      if (!parked_.contains(at) && (!oldest || at < *oldest)) oldest = at;
  return oldest;
}

void key_lanes::put(lane& into, position at) {
  // Messages that come back are older than those that wait, and few.
  auto& line = into.waiting;
  if (line.empty() || line.back() < at)
    line.push_back(at);
  else
    line.insert(std::ranges::lower_bound(line, at), at);
  ++queued_;
}

void key_lanes::settle_down(key_hash key, lane& x) {
  if (x.loans > 0 || x.parked > 0) return;
  if (x.waiting.empty())
    lanes_.erase(key);
  else
    put_back(key);
}

} // namespace troupe
