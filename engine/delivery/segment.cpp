#include "engine/delivery/segment.hpp"

#include <algorithm>

namespace troupe {

void segment::measure() {
  auto sum = std::uint64_t{0};
  for (std::uint32_t i = 0; i < count_; ++i)
    body_ends_.push_back(sum += (*messages_)[i].body().size());
}

bool segment::is_settled(position at) const {
  if (settled_ == 0) return false;
  return is_done() || bits_[at - first_];
}

std::uint32_t segment::settle(const position_run& run) {
  auto from = std::max(run.first, first_);
  auto to = std::min(run.first + run.count, end());
  if (from >= to || is_done()) return 0;
  if (from == first_ && to == end() && settled_ == 0) {
    settled_ = count_;
    return count_;
  }
  if (bits_.empty()) bits_.resize(count_);
  auto fresh = std::uint32_t{0};
  for (auto at = from; at < to; ++at) {
    auto bit = bits_[at - first_];
    if (!bit) ++fresh;
    bit = true;
  }
  settled_ += fresh;
  if (is_done()) bits_ = {};
  return fresh;
}

void segment::settled_runs(std::vector<position_run>& to) const {
  if (is_done()) to.push_back({first_, count_});
  if (is_done() || settled_ == 0) return;
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (!bits_[i]) continue;
    auto start = i;
    while (i < count_ && bits_[i]) ++i;
    to.push_back({first_ + start, i - start});
  }
}

} // namespace troupe
