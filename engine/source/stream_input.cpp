#include "engine/source/stream_input.hpp"

#include <cerrno>
#include <poll.h>
#include <system_error>
#include <unistd.h>

namespace troupe {

namespace {

constexpr std::size_t chunk_bytes = 256 * 1024;
constexpr int longest_wait = 100; // milliseconds

error read_fault(int number) {
  return {
    errc::storage_failed, "standard input cannot be read: "
                            + std::generic_category().message(number)};
}

} // namespace

stream_input::stream_input(int descriptor, input_options options)
  : descriptor_{descriptor},
    cutter_{
      record_cutter{options.kind, options.max_record},
      {},
      std::move(options.key)},
    chunk_(chunk_bytes) {}

result<input_batch> stream_input::next() {
  for (;;) {
    auto cut = is_at_end_ ? cutter_.finish() : cutter_.cut(rest_);
    if (!cut)
      return error{cut.error().code, "standard input, " + cut.error().detail};
    if (cut->messages || is_at_end_) {
      auto is_end = !cut->messages;
      return input_batch{
        std::move(cut->messages), is_end, false, cut->first_number, {}};
    }
    auto is_fresh = refill();
    if (!is_fresh) return is_fresh.error();
    if (!*is_fresh) return input_batch{};
  }
}

result<bool> stream_input::refill() {
  auto watched = pollfd{descriptor_, POLLIN, 0};
  auto ready = ::poll(&watched, 1, longest_wait);
  if (ready < 0 && errno != EINTR) return read_fault(errno);
  if (ready <= 0) return false;
  auto size = ::read(descriptor_, chunk_.data(), chunk_.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (size < 0) return read_fault(errno);
  rest_ = {chunk_.data(), static_cast<std::size_t>(size)};
  is_at_end_ = size == 0;
  return true;
}

} // namespace troupe
