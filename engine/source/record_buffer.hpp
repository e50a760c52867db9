#pragma once

#include "engine/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// Says what is wrong with a record that begins at `offset`.
inline error
record_fault(std::uint64_t number, std::uint64_t offset, std::string what) {
  return {
    errc::bad_input, "record " + std::to_string(number) + " (at byte "
                       + std::to_string(offset) + "): " + std::move(what)};
}

/// Holds the beginning of a record whose end is still to come. A cutter looks
/// at no more than `room()` bytes at a time, so that where chunks end makes no
/// difference to what it finds.
class record_buffer {
public:
  explicit record_buffer(std::uint64_t limit) : limit_{limit} {}

  /// How many bytes may be looked at: one beyond the limit.
  std::uint64_t room() const { return limit_ + 1 - held_.size(); }
  bool is_empty() const { return held_.empty(); }

  void hold(std::string_view part) { held_.append(part); }
  void drop() { held_.clear(); }

  bool is_too_long() const { return is_too_long(held_); }
  bool is_too_long(std::string_view body) const { return body.size() > limit_; }

  error too_long(std::uint64_t number, std::uint64_t offset) const {
    return record_fault(
      number, offset,
      "it is longer than " + std::to_string(limit_)
        + " bytes; raise max_record of the source, or check its format");
  }

  /// Returns what was held and `last` as one; good until the next call, or as
  /// long as `last` where nothing was held.
  std::string_view complete(std::string_view last) {
    if (held_.empty()) return last;
    held_.append(last);
    whole_.swap(held_);
    held_.clear();
    return whole_;
  }

private:
  std::uint64_t limit_;
  std::string held_;
  std::string whole_;
};

} // namespace troupe
