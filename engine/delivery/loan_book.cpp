#include "engine/delivery/loan_book.hpp"

#include <algorithm>

namespace troupe {

void loan_book::lend(consumer_id to, const position_run& run) {
  auto& [runs, count] = accounts_[to];
  runs.insert_or_assign(run.first, run.count);
  count += run.count;
  total_ += run.count;
}

std::vector<position_run>
loan_book::take_back(consumer_id from, const position_run& run) {
  auto taken = std::vector<position_run>{};
  auto found = accounts_.find(from);
  if (found == accounts_.end() || run.count == 0) return taken;
  auto& [runs, count] = found->second;
  auto run_end = run.first + run.count;
  auto at = runs.upper_bound(run.first);
  if (at != runs.begin()) --at;
  while (at != runs.end() && at->first < run_end) {
    auto [first, length] = *at;
    auto begin = std::max(first, run.first);
    auto end = std::min(first + length, run_end);
    if (begin >= end) {
      ++at;
      continue;
    }
    at = runs.erase(at);
    if (first < begin)
      runs.emplace(first, static_cast<std::uint32_t>(begin - first));
    if (end < first + length)
      runs.emplace(end, static_cast<std::uint32_t>(first + length - end));
    auto size = static_cast<std::uint32_t>(end - begin);
    taken.push_back({begin, size});
    count -= size;
    total_ -= size;
  }
  return taken;
}

std::vector<position_run> loan_book::take_back_all(consumer_id from) {
  auto taken = std::vector<position_run>{};
  auto found = accounts_.find(from);
  if (found == accounts_.end()) return taken;
  for (auto [first, length] : found->second.runs)
    taken.push_back({first, length});
  total_ -= found->second.count;
  accounts_.erase(found);
  return taken;
}

std::optional<position> loan_book::oldest(consumer_id of) const {
  auto found = accounts_.find(of);
  if (found == accounts_.end() || found->second.runs.empty())
    return std::nullopt;
  return found->second.runs.begin()->first;
}

} // namespace troupe
