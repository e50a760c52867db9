#pragma once

#include "engine/cluster/publisher_table.hpp"
#include "engine/cluster/replica_machine.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

using namespace troupe::cluster;

/// An entry as the play's members keep it.
struct play_entry {
  epoch_number epoch = 0;
  std::uint64_t value = 0; // of a message, given once; 0: none
  std::uint16_t publisher = 0;
  publisher_mark mark;
  log_index expires_below = 0; // 0: nothing
  bool operator==(const play_entry&) const = default;
};

inline std::string publisher_name(std::uint16_t number) {
  return "p" + std::to_string(number);
}

inline void
apply(publisher_table& to, const play_entry& entry, log_index index) {
  if (entry.value > 0)
    to.apply(publisher_name(entry.publisher), entry.mark, index);
  if (entry.expires_below > 0) to.expire_below(entry.expires_below);
}

/// What a disk, or the memory in front of it, holds of the group.
struct play_log {
  epoch_number epoch = 0;
  log_mark base;
  publisher_table table; // as of the base
  std::vector<play_entry> entries;
  std::optional<follower_progress::checkpoint> partial;

  log_index last() const { return base.index + entries.size(); }
  const play_entry& at(log_index index) const {
    return entries[index - base.index - 1];
  }

  publisher_table table_at(log_index index) const {
    auto made = table;
    for (auto i = base.index + 1; i <= index; ++i) apply(made, at(i), i);
    return made;
  }

  void trim(log_mark to) {
    if (to.index <= base.index) return;
    table = table_at(to.index);
    auto count = static_cast<std::ptrdiff_t>(to.index - base.index);
    entries.erase(entries.begin(), entries.begin() + count);
    base = to;
  }

  epoch_runs runs() const {
    auto made = epoch_runs{base};
    for (const auto& x : entries) made.append(x.epoch, 1);
    return made;
  }
};

/// A change on its way to the disk.
struct play_write {
  enum class kind { epoch, cut, add, trim, piece, install, drop } what{};
  epoch_number epoch = 0;
  log_index index = 0; // cut: the first; add: the last
  std::uint64_t branch = 0;
  std::vector<play_entry> entries = {};
  log_mark mark = {};
  std::uint64_t number = 0;
  publisher_table table = {};
};

/// A member's disk: what it holds for good, what it shows, and what is in
/// between. A crash keeps any first part of that, as a torn log does.
class play_store {
public:
  store_id id;

  const play_log& shown() const { return shown_; }
  const play_log& kept() const { return kept_; }
  std::size_t pending() const { return pending_.size(); }

  void write(play_write what) {
    apply_to(shown_, what);
    pending_.push_back(std::move(what));
  }

  play_write sync_one() {
    auto what = std::move(pending_.front());
    pending_.pop_front();
    apply_to(kept_, what);
    return what;
  }

  void crash(std::size_t survive) {
    for (; survive > 0 && !pending_.empty(); --survive) sync_one();
    pending_.clear();
    shown_ = kept_;
  }

  void lose(store_id next) {
    *this = play_store{};
    id = next;
  }

private:
  static void apply_to(play_log& log, const play_write& what) {
    using kind = play_write::kind;
    switch (what.what) {
      case kind::epoch: log.epoch = std::max(log.epoch, what.epoch); return;
      case kind::cut:
        if (what.index <= log.last())
          log.entries.resize(what.index - log.base.index - 1);
        return;
      case kind::add:
        for (const auto& x : what.entries) log.entries.push_back(x);
        return;
      case kind::trim: log.trim(what.mark); return;
      case kind::piece:
        log.partial = follower_progress::checkpoint{what.mark, what.number + 1};
        return;
      case kind::install:
        log.entries.clear();
        log.base = what.mark;
        log.table = what.table;
        log.partial.reset();
        return;
      case kind::drop: {
        auto epoch = log.epoch;
        log = play_log{};
        log.epoch = epoch;
      }
    }
  }

  play_log shown_;
  play_log kept_;
  std::deque<play_write> pending_;
};

} // namespace troupe::test
