#pragma once

#include "engine/base/ids.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// Where a publisher's messages stand in the count it keeps for one group:
/// from 1, without gaps, anew in each of its epochs. It waits for the confirm
/// of an epoch's first message before it sends others, so that a count that
/// was begun is known or was expired.
struct publisher_mark {
  std::uint64_t epoch = 0; // rises when the publisher starts over
  std::uint64_t sequence = 0;
  bool operator==(const publisher_mark&) const = default;
};

enum class numbering : std::uint8_t {
  next,         // append them, without the repeats among them
  repeat,       // all are in the log: to be confirmed as they are
  out_of_order, // not stored: the publisher goes on from what is expected
  outdated,     // not stored: the publisher has a newer epoch
  forgotten,    // unknown whether they are stored: it begins a new epoch
};

struct numbering_answer {
  numbering what{};
  std::uint64_t repeats = 0;  // of the first messages, with `next`
  std::uint64_t expected = 0; // with `out_of_order`
  bool operator==(const numbering_answer&) const = default;
};

/// The publishers of one group, so that what is sent again is stored once. A
/// part of the replicated log: each replica computes it from the entries, in
/// order. A leader computes it anew, for all its entries, when it appends its
/// first, and judges nothing before; repeats are confirmed once their index is
/// committed.
class publisher_table {
public:
  /// Publishers it holds at most; beyond that the oldest are to be expired.
  static constexpr std::size_t most = 100'000;

  struct place {
    publisher_mark last;
    log_index index = 0; // of the entry that says so
    bool operator==(const place&) const = default;
  };

  /// Judges `count` messages that begin at a mark, before they are stored.
  numbering_answer judge(
    std::string_view publisher,
    publisher_mark first,
    std::uint64_t count) const;

  /// Takes an entry's last mark; older ones change nothing.
  void apply(std::string_view publisher, publisher_mark last, log_index index);

  /// Takes an entry that says so: forgets whoever was last seen below `index`.
  void expire_below(log_index index);

  /// Returns what an entry should expire below, for at most `keep` to stay; 0
  /// where there is nothing to expire.
  log_index expiry(std::size_t keep = most) const;

  std::size_t size() const { return places_.size(); }

  /// Shows all, in the order of their names; for checkpoints.
  const std::map<std::string, place, std::less<>>& places() const {
    return places_;
  }

  bool operator==(const publisher_table&) const = default;

private:
  std::map<std::string, place, std::less<>> places_;
};

} // namespace troupe::cluster
