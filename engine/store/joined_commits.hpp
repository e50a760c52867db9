#pragma once

#include "engine/store/log_store.hpp"

#include <cstddef>
#include <iterator>
#include <vector>

namespace troupe {

/// Moves what is in `from` behind what is in `to`.
template <class T>
void append_to(std::vector<T>& to, std::vector<T>& from) {
  to.insert(
    to.end(), std::make_move_iterator(from.begin()),
    std::make_move_iterator(from.end()));
}

/// Puts one commit behind another, to be made with one write. Installs go
/// alone, and stay where they are.
inline void join(commit_request& to, commit_request& from) {
  append_to(to.appends, from.appends);
  append_to(to.erases, from.erases);
  append_to(to.changes, from.changes);
  append_to(to.truncations, from.truncations);
  append_to(to.drops, from.drops);
  append_to(to.marks, from.marks);
  append_to(to.applied, from.applied);
  append_to(to.pieces, from.pieces);
  append_to(to.piece_drops, from.piece_drops);
  to.sync |= from.sync;
}

/// Returns the bytes of entries and pieces in a commit.
inline std::size_t size_of(const commit_request& x) {
  auto bytes = std::size_t{0};
  for (const auto& append : x.appends) bytes += append.entry.size();
  for (const auto& piece : x.pieces) bytes += piece.size();
  return bytes;
}

/// Returns a commit that does nothing and need not be synced.
inline commit_request nothing_to_commit() {
  auto made = commit_request{};
  made.sync = false;
  return made;
}

} // namespace troupe
