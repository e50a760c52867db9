#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace troupe {

/// One line on a terminal that tells how far long work is, rewritten in place.
/// Appears after a second; nowhere else than on a terminal.
class progress_line {
public:
  explicit progress_line(std::string verb);
  ~progress_line() { clear(); }

  /// `left` is what is known to be left; it may grow.
  void show(std::uint64_t done, std::uint64_t left);

  /// Takes the line off the terminal, before something else is printed.
  void clear();

private:
  using clock = std::chrono::steady_clock;

  std::string verb_;
  bool is_terminal_;
  bool is_shown_ = false;
  clock::time_point start_ = clock::now();
  clock::time_point shown_;
};

} // namespace troupe
