#include "engine/delivery/retry_schedule.hpp"

namespace troupe {

void retry_schedule::add(const retry_record& record) {
  attempts_[record.at].push_back(record.why);
  auto [at, fresh] = waiting_.try_emplace(record.at, record.not_before);
  if (!fresh) by_time_.erase({at->second, record.at});
  at->second = record.not_before;
  by_time_.emplace(record.not_before, record.at);
}

std::vector<failed_attempt> retry_schedule::remove(position at) {
  if (auto found = waiting_.find(at); found != waiting_.end()) {
    by_time_.erase({found->second, at});
    waiting_.erase(found);
  }
  auto found = attempts_.extract(at);
  return found ? std::move(found.mapped()) : std::vector<failed_attempt>{};
}

std::uint32_t retry_schedule::attempt(position at) const {
  auto found = attempts_.find(at);
  if (found == attempts_.end()) return 1;
  return static_cast<std::uint32_t>(found->second.size()) + 1;
}

std::vector<position> retry_schedule::take_due(time_point now) {
  auto due = std::vector<position>{};
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    due.push_back(by_time_.begin()->second);
    waiting_.erase(due.back());
    by_time_.erase(by_time_.begin());
  }
  return due;
}

std::optional<time_point> retry_schedule::next_due() const {
  if (by_time_.empty()) return std::nullopt;
  return by_time_.begin()->first;
}

void retry_schedule::replace(
  position first,
  position last,
  const std::map<position, std::vector<failed_attempt>>& attempts,
  const std::map<position, time_point>& waiting) {
  auto at = attempts_.lower_bound(first);
  while (at != attempts_.end() && at->first <= last) remove((at++)->first);
  attempts_.insert(attempts.begin(), attempts.end());
  for (auto [waits, until] : waiting) {
    waiting_[waits] = until;
    by_time_.emplace(until, waits);
  }
}

} // namespace troupe
