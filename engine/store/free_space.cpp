#include "engine/store/free_space.hpp"

namespace troupe {

namespace {

constexpr std::uint64_t look_every_bytes = 8 * 1024 * 1024;

} // namespace

free_space::free_space(const store_options& options)
  : folder_{options.folder},
    min_bytes_{options.min_free_bytes},
    min_share_{options.min_free_share},
    unseen_bytes_{look_every_bytes} {}

bool free_space::is_low() const {
  // While it is low nothing may be written, so that must not be waited for.
  if (unseen_bytes_ < look_every_bytes && !is_low_) return is_low_;
  unseen_bytes_ = 0;
  is_low_ = look();
  return is_low_;
}

bool free_space::look() const {
  auto failed = std::error_code{};
  auto space = std::filesystem::space(folder_, failed);
  // A disk that cannot say is left to fail by its writes.
  if (failed) return false;
  auto share = static_cast<double>(space.capacity) * min_share_;
  return space.available < min_bytes_
         || static_cast<double>(space.available) < share;
}

} // namespace troupe
