#include "engine/net/outgoing.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace troupe {

namespace {

// Copying up to here costs less than one more piece in a gathered write, and
// what goes through TLS fills whole records.
constexpr std::size_t small_piece = 4 * 1024;
constexpr std::size_t joined_piece = 16 * 1024;

} // namespace

void outgoing::add(std::string bytes) {
  if (bytes.empty()) return;
  auto is_small = bytes.size() <= small_piece;
  if (is_small && !pieces_.empty()) {
    auto& last = pieces_.back();
    if (last.size() + bytes.size() <= joined_piece) {
      last += bytes;
      return;
    }
  }
  pieces_.push_back(std::move(bytes));
}

void outgoing::take(outgoing& other) {
  assert(other.written_ == 0);
  if (pieces_.empty())
    pieces_.swap(other.pieces_);
  else
    for (auto& piece : other.pieces_) pieces_.push_back(std::move(piece));
  other.pieces_.clear();
}

std::vector<iovec> outgoing::front() const {
  auto out = std::vector<iovec>{};
  out.reserve(std::min(pieces_.size(), most_pieces));
  auto skip = written_;
  for (const auto& piece : pieces_) {
    if (out.size() == most_pieces) break;
    // The system's own type has no const; nothing writes through it.
    auto* start = const_cast<char*>(piece.data()) + skip;
    out.push_back({start, piece.size() - skip});
    skip = 0;
  }
  return out;
}

void outgoing::drop(std::size_t bytes) {
  written_ += bytes;
  while (!pieces_.empty() && written_ >= pieces_.front().size()) {
    written_ -= pieces_.front().size();
    pieces_.pop_front();
  }
  assert(!pieces_.empty() || written_ == 0);
}

void outgoing::clear() {
  // An empty deque keeps a block; ten thousand of them are many.
  pieces_ = {};
  written_ = 0;
}

} // namespace troupe
