#pragma once

#include "engine/delivery/log_entry.hpp"

#include <cstdint>
#include <vector>

namespace troupe {

/// One published batch as its queue remembers it: where it is and which of its
/// messages are settled. The bodies may be in memory or only in the store.
class segment {
public:
  segment(position first, time_point published_at, batch_ptr messages)
    : first_{first},
      published_at_{published_at},
      bytes_{messages->bytes().size()},
      count_{static_cast<std::uint32_t>(messages->size())},
      each_bytes_{
        static_cast<std::uint32_t>(messages->bytes().size() / count_)},
      messages_{std::move(messages)} {}

  position first() const { return first_; }
  position end() const { return first_ + count_; }
  std::uint32_t count() const { return count_; }
  time_point published_at() const { return published_at_; }

  /// Zero until it can be lent.
  log_index index() const { return index_; }
  void set_index(log_index index) { index_ = index; }

  /// True once the bodies can be read back from the store.
  bool is_in_store() const { return in_store_; }
  void set_in_store() { in_store_ = true; }

  /// What its publish entry says of expirations.
  bool has_expirations() const { return has_expirations_; }
  bool is_delayed() const { return is_delayed_; }
  void set_expirations(bool has_expirations, bool is_delayed) {
    has_expirations_ = has_expirations;
    is_delayed_ = is_delayed;
  }

  /// Returns the bytes of a run of its messages: of bodies once `measure` was
  /// called, else the run's share of all bytes.
  std::uint64_t bytes(const position_run& run) const {
    auto from = run.first - first_;
    auto to = from + run.count;
    if (!body_ends_.empty())
      return body_ends_[to - 1] - (from > 0 ? body_ends_[from - 1] : 0);
    // What no even share takes up goes to the last one.
    auto shares = std::uint64_t{run.count} * each_bytes_;
    auto rest = bytes_ - std::uint64_t{count_} * each_bytes_;
    return to < count_ ? shares : shares + rest;
  }
  void measure();

  /// Null while the bodies are only in the store.
  const batch_ptr& messages() const { return messages_; }
  void set_messages(batch_ptr messages) { messages_ = std::move(messages); }

  /// True from the moment the bodies were asked for until they are there.
  bool is_loading() const { return loading_; }
  void set_loading(bool loading) { loading_ = loading; }

  /// Messages on loan whose bodies must stay in memory.
  std::uint32_t loans() const { return loans_; }
  void add_loans(std::int64_t change) {
    loans_ = static_cast<std::uint32_t>(loans_ + change);
  }

  bool is_settled(position at) const;

  /// Settles the part of `run` that lies within; returns how many messages
  /// were not settled before.
  std::uint32_t settle(const position_run& run);

  bool has_settled() const { return settled_ > 0; }
  bool is_done() const { return settled_ == count_; }

  /// Appends the settled messages as runs.
  void settled_runs(std::vector<position_run>& to) const;

private:
  position first_;
  log_index index_ = 0;
  time_point published_at_;
  std::uint64_t bytes_; // of the batch
  std::uint32_t count_;
  std::uint32_t each_bytes_; // on average
  std::uint32_t settled_ = 0;
  std::uint32_t loans_ = 0;
  bool loading_ = false;
  bool in_store_ = false;
  bool has_expirations_ = false;
  bool is_delayed_ = false;
  std::vector<std::uint64_t> body_ends_; // sums of body sizes, if measured
  std::vector<bool> bits_;               // empty while none or all are settled
  batch_ptr messages_;
};

} // namespace troupe
