#pragma once

#include "engine/base/ids.hpp"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace troupe {

/// A set of indexes that mostly lie side by side, kept as runs.
class index_runs {
public:
  index_runs() = default;
  explicit index_runs(
    const std::vector<std::pair<log_index, std::uint64_t>>& runs) {
    for (auto [first, count] : runs) runs_[first] = first + count;
  }

  void add(log_index index) {
    auto next = runs_.upper_bound(index);
    auto touches_next = next != runs_.end() && next->first == index + 1;
    auto before = next == runs_.begin() ? runs_.end() : std::prev(next);
    if (before != runs_.end() && index < before->second) return; // there
    auto end = touches_next ? next->second : index + 1;
    if (touches_next) runs_.erase(next);
    if (before != runs_.end() && before->second == index)
      before->second = end;
    else
      runs_[index] = end;
  }

  /// Takes out all indexes up to `last`, rising.
  std::vector<log_index> take_up_to(log_index last) {
    auto taken = std::vector<log_index>{};
    while (!runs_.empty() && runs_.begin()->first <= last) {
      auto [at, end] = std::pair{runs_.begin()->first, runs_.begin()->second};
      runs_.erase(runs_.begin());
      for (; at < end && at <= last; ++at) taken.push_back(at);
      if (at < end) runs_[at] = end;
    }
    return taken;
  }

  bool has(log_index index) const {
    auto next = runs_.upper_bound(index);
    return next != runs_.begin() && index < std::prev(next)->second;
  }

  bool is_empty() const { return runs_.empty(); }
  void clear() { runs_.clear(); }

  /// Returns first index and count of each run, rising.
  std::vector<std::pair<log_index, std::uint64_t>> runs() const {
    auto all = std::vector<std::pair<log_index, std::uint64_t>>{};
    for (auto [first, end] : runs_) all.emplace_back(first, end - first);
    return all;
  }

private:
  std::map<log_index, log_index> runs_; // first, and one behind the last
};

} // namespace troupe
