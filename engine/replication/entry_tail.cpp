#include "engine/replication/entry_tail.hpp"

#include <algorithm>

namespace troupe {

void entry_tail::reset(log_index last) {
  entries_.clear();
  bytes_ = 0;
  first_ = last + 1;
  released_ = last;
}

void entry_tail::add(encoded_entry entry) {
  bytes_ += entry.size();
  entries_.push_back(std::move(entry));
  shrink();
}

void entry_tail::truncate(log_index first) {
  if (first < first_) return reset(first - 1);
  while (end() > first) {
    bytes_ -= entries_.back().size();
    entries_.pop_back();
  }
}

void entry_tail::release(log_index up_to) {
  released_ = std::max(released_, up_to);
  shrink();
}

const encoded_entry* entry_tail::find(log_index index) const {
  if (index < first_ || index >= end()) return nullptr;
  return &entries_[index - first_];
}

void entry_tail::shrink() {
  while (bytes_ > most_bytes_ && !entries_.empty() && first_ <= released_) {
    bytes_ -= entries_.front().size();
    entries_.pop_front();
    ++first_;
  }
}

} // namespace troupe
