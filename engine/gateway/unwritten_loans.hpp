#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace troupe::gateway {

/// Which shard lent the bytes that are on their way to a client, in order; the
/// client reports sums. As many pieces as the consumer's window lets through.
class unwritten_loans {
public:
  void add(std::size_t shard, std::uint64_t round, std::uint64_t bytes) {
    if (bytes == 0) return;
    auto is_same = !pieces_.empty() && pieces_.back().shard == shard
                   && pieces_.back().round == round;
    if (is_same)
      pieces_.back().bytes += bytes;
    else
      pieces_.push_back({shard, round, bytes});
  }

  /// Takes the oldest `bytes`; calls `visit(shard, round, bytes)` with each
  /// part.
  template <class Visitor>
  void take(std::uint64_t bytes, Visitor visit) {
    while (bytes > 0 && !pieces_.empty()) {
      auto& next = pieces_.front();
      auto part = std::min(bytes, next.bytes);
      visit(next.shard, next.round, part);
      bytes -= part;
      next.bytes -= part;
      if (next.bytes == 0) pieces_.pop_front();
    }
  }

private:
  struct piece {
    std::size_t shard = 0;
    std::uint64_t round = 0; // how often the shard had come up
    std::uint64_t bytes = 0;
  };

  std::deque<piece> pieces_;
};

} // namespace troupe::gateway
