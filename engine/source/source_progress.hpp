#pragma once

#include "engine/base/result.hpp"
#include "engine/source/record.hpp"

#include <string>

namespace troupe {

/// How far a file was read, and the mark by which it is known again: the hash
/// of its first bytes. A file may grow and stays the same.
struct source_progress {
  static constexpr std::size_t longest_head = 1024; // bytes

  source_place at;
  std::uint64_t head_bytes = 0; // hashed; fewer than 1024 in a short file
  std::uint64_t head_hash = 0;  // stable_hash

  bool operator==(const source_progress&) const = default;
};

/// Writes a small JSON object.
std::string encode(const source_progress& progress);

/// Fails with `corrupt` on anything `encode` would not write.
result<source_progress> decode_progress(std::string_view text);

} // namespace troupe
