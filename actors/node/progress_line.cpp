#include "actors/node/progress_line.hpp"

#include <iostream>
#include <unistd.h>

namespace troupe {

namespace {

constexpr auto first_after = std::chrono::seconds{1};
constexpr auto again_after = std::chrono::milliseconds{200};

} // namespace

progress_line::progress_line(std::string verb)
  : verb_{std::move(verb)}, is_terminal_{::isatty(STDERR_FILENO) == 1} {}

void progress_line::show(std::uint64_t done, std::uint64_t left) {
  auto now = clock::now();
  if (!is_terminal_ || now - start_ < first_after) return;
  if (now - shown_ < again_after) return;
  shown_ = now;
  auto seconds = std::chrono::duration<double>(now - start_).count();
  auto rate = static_cast<std::uint64_t>(static_cast<double>(done) / seconds);
  std::cerr << "\r\x1b[K" << verb_ << ' ' << done << ", left " << left << ", "
            << rate << "/s" << std::flush;
  is_shown_ = true;
}

void progress_line::clear() {
  if (is_shown_) std::cerr << "\r\x1b[K" << std::flush;
  is_shown_ = false;
}

} // namespace troupe
