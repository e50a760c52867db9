#pragma once

#include <deque>
#include <string>
#include <sys/uio.h>
#include <vector>

namespace troupe {

/// Bytes on their way out, in pieces that are written in one go where the
/// system takes them. Small pieces are copied together.
class outgoing {
public:
  void add(std::string bytes);

  /// Moves everything from `other` to the end.
  void take(outgoing& other);

  /// Lists the front, at most `most_pieces`, for one gathered write. Good
  /// until the next call that changes anything.
  std::vector<iovec> front() const;

  /// Drops `bytes` from the front; there have to be as many.
  void drop(std::size_t bytes);

  void clear();
  bool is_empty() const { return pieces_.empty(); }

  static constexpr std::size_t most_pieces = 64;

private:
  std::deque<std::string> pieces_; // none is empty
  std::size_t written_ = 0;        // of the first piece
};

} // namespace troupe
