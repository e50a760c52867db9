#include "engine/amqp/unacked_list.hpp"

#include <algorithm>

namespace troupe::amqp {

namespace {

/// The part of a run from its `skip`th delivery on.
unacked_run tail(unacked_run run, std::uint64_t skip) {
  run.tag += skip;
  run.at += skip;
  run.count -= static_cast<std::uint32_t>(skip);
  return run;
}

} // namespace

void unacked_list::add(const unacked_run& run) {
  size_ += run.count;
  if (!runs_.empty()) {
    auto& last = runs_.rbegin()->second;
    if (
      last.consumer == run.consumer && last.since == run.since
      && last.tag + last.count == run.tag && last.at + last.count == run.at) {
      last.count += run.count;
      return;
    }
  }
  runs_.emplace_hint(runs_.end(), run.tag, run);
}

unacked_list::runs::iterator unacked_list::holding(std::uint64_t tag) {
  auto next = runs_.upper_bound(tag);
  if (next == runs_.begin()) return runs_.end();
  auto found = std::prev(next);
  return tag - found->first < found->second.count ? found : runs_.end();
}

bool unacked_list::take(
  std::uint64_t tag, bool multiple, std::vector<unacked_run>& to) {
  if (multiple && tag == 0) {
    take_all(to);
    return true;
  }
  auto found = holding(tag);
  if (found == runs_.end()) return false;
  if (!multiple) {
    auto run = tail(found->second, tag - found->first);
    run.count = 1;
    to.push_back(run);
    take_one(found, tag);
    return true;
  }
  for (auto it = runs_.begin(); it != found; it = runs_.erase(it)) {
    to.push_back(it->second);
    size_ -= it->second.count;
  }
  auto run = found->second;
  auto taken = static_cast<std::uint32_t>(tag - run.tag + 1);
  auto rest = tail(run, taken);
  run.count = taken;
  to.push_back(run);
  size_ -= taken;
  runs_.erase(found);
  if (rest.count > 0) runs_.emplace_hint(runs_.begin(), rest.tag, rest);
  return true;
}

/// Removes one delivery: most often the first, which then costs no memory.
void unacked_list::take_one(runs::iterator from, std::uint64_t tag) {
  --size_;
  auto run = from->second;
  auto before = static_cast<std::uint32_t>(tag - run.tag);
  auto rest = tail(run, before + 1u);
  if (before > 0) {
    from->second.count = before;
    if (rest.count > 0) runs_.emplace_hint(std::next(from), rest.tag, rest);
    return;
  }
  auto next = std::next(from);
  auto node = runs_.extract(from);
  if (rest.count == 0) return;
  node.key() = rest.tag;
  node.mapped() = rest;
  runs_.insert(next, std::move(node));
}

void unacked_list::take_all(std::vector<unacked_run>& to) {
  for (const auto& [tag, run] : runs_) to.push_back(run);
  runs_.clear();
  size_ = 0;
}

void unacked_list::put_back(const unacked_run& run) {
  size_ += run.count;
  runs_.emplace(run.tag, run);
}

bool unacked_list::extend(std::uint64_t tag, time_point since) {
  auto taken = std::vector<unacked_run>{};
  if (tag == 0 || !take(tag, false, taken)) return false;
  taken.front().since = since;
  taken.front().is_extended = true;
  put_back(taken.front());
  return true;
}

std::optional<unacked_run> unacked_list::find(std::uint64_t tag) const {
  auto next = runs_.upper_bound(tag);
  if (next == runs_.begin()) return std::nullopt;
  const auto& run = std::prev(next)->second;
  if (tag - run.tag >= run.count) return std::nullopt;
  auto found = tail(run, tag - run.tag);
  found.count = 1;
  return found;
}

unacked_list::positions unacked_list::oldest() const {
  auto all = positions{};
  for (const auto& [tag, run] : runs_) all.emplace(run.consumer, run.at);
  return all;
}

} // namespace troupe::amqp
