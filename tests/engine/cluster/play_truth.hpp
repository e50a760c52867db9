#pragma once

#include "tests/engine/cluster/play_store.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// What was committed, by anyone, and what must hold of it: the invariants of
/// docs/cluster.md. The first thing found wrong stays.
class play_truth {
public:
  const std::string& fault() const { return fault_; }
  std::size_t size() const { return entries_.size(); }
  std::uint64_t confirmed() const { return confirmed_; }

  void fail(const std::string& what) {
    if (fault_.empty()) fault_ = what;
  }

  /// I1, I2, I6, I7: notes that `by` says an entry is committed.
  void commit(
    log_index index, const play_entry& entry, epoch_number by, bool is_leader) {
    if (index > entries_.size() + 1) return fail("a commit leaves a gap");
    if (index <= entries_.size()) {
      if (entries_[index - 1].entry != entry)
        fail("committed entries differ at " + std::to_string(index));
      return;
    }
    if (!is_leader) fail("a follower commits before any leader");
    entries_.push_back({entry, by});
    if (entry.value > 0) count(entry);
  }

  /// I1, I3: a log that is about to lead `epoch`.
  void lead(epoch_number epoch, const play_log& log) {
    if (!leaders_.insert(epoch).second)
      fail("two leaders of epoch " + std::to_string(epoch));
    check_holds(log, epoch, "a leader");
  }

  /// I1: what earlier epochs committed is in the log, at its place.
  void check_holds(
    const play_log& log, epoch_number before, const std::string& who) {
    for (log_index i = log.base.index + 1; i <= entries_.size(); ++i) {
      if (entries_[i - 1].by >= before) continue;
      if (i > log.last() || log.at(i) != entries_[i - 1].entry)
        return fail(who + " lacks committed entry " + std::to_string(i));
    }
    check_mark(log.base, "a log's base");
  }

  /// What stands for entries that are gone must be committed.
  void check_mark(log_mark mark, const std::string& what) {
    if (mark.index == 0) return;
    auto is_known = mark.index <= entries_.size()
                    && entries_[mark.index - 1].entry.epoch == mark.epoch;
    if (!is_known) fail(what + " is not committed: " + to_string(mark));
  }

  void refuse(std::uint64_t value) { refused_.insert(value); }

private:
  struct known {
    play_entry entry;
    epoch_number by = 0; // the epoch of the leader that said so first
  };

  void count(const play_entry& entry) {
    ++confirmed_;
    if (refused_.contains(entry.value)) fail("a refused message is in the log");
    auto& last = sequences_[{entry.publisher, entry.mark.epoch}];
    if (entry.mark.sequence != ++last)
      fail("a publisher's message is missing or there twice");
  }

  std::string fault_;
  std::vector<known> entries_;
  std::set<epoch_number> leaders_;
  std::set<std::uint64_t> refused_;
  std::map<std::pair<std::uint16_t, std::uint64_t>, std::uint64_t> sequences_;
  std::uint64_t confirmed_ = 0;
};

} // namespace troupe::test
