#include "engine/cluster/epoch_runs.hpp"

#include <algorithm>
#include <cassert>

namespace troupe::cluster {

namespace {

using run = epoch_runs::run;

/// Returns the first run that begins above `index`.
auto run_above(const std::vector<run>& runs, log_index index) {
  return std::ranges::upper_bound(runs, index, {}, &run::first);
}

} // namespace

epoch_number epoch_runs::epoch_at(log_index index) const {
  assert(index >= base_.index && index <= last_);
  auto above = run_above(runs_, index);
  return above == runs_.begin() ? base_.epoch : std::prev(above)->epoch;
}

bool epoch_runs::has(log_mark mark) const {
  return mark.index >= base_.index && mark.index <= last_
         && epoch_at(mark.index) == mark.epoch;
}

log_index epoch_runs::run_end(log_index index) const {
  auto above = run_above(runs_, index);
  return above == runs_.end() ? last_ : above->first - 1;
}

log_index epoch_runs::last_up_to(epoch_number epoch, log_index limit) const {
  limit = std::min(limit, last_);
  for (auto x = runs_.rbegin(); x != runs_.rend(); ++x) {
    if (x->first > limit) continue;
    if (x->epoch <= epoch) return limit;
    limit = x->first - 1;
  }
  return std::max(limit, base_.index);
}

log_index epoch_runs::first_other(log_index first, epoch_number epoch) const {
  while (first <= last_ && epoch_at(first) == epoch) first = run_end(first) + 1;
  return std::min(first, last_ + 1);
}

void epoch_runs::append(epoch_number epoch, log_index count) {
  if (count == 0) return;
  if (runs_.empty() || runs_.back().epoch != epoch)
    runs_.push_back({last_ + 1, epoch});
  last_ += count;
}

void epoch_runs::truncate(log_index first) {
  assert(first > base_.index);
  if (first > last_) return;
  while (!runs_.empty() && runs_.back().first >= first) runs_.pop_back();
  last_ = first - 1;
}

void epoch_runs::trim(log_index index) {
  if (index <= base_.index) return;
  assert(index <= last_);
  base_ = mark(index);
  auto above = run_above(runs_, index);
  auto end = run_end(index);
  runs_.erase(runs_.begin(), above);
  if (end > index) runs_.insert(runs_.begin(), {index + 1, base_.epoch});
}

} // namespace troupe::cluster
