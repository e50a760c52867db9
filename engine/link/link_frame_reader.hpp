#pragma once

#include "engine/base/result.hpp"
#include "engine/link/link_frame.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// Cuts a stream of bytes into frames. Holds at most one incomplete frame.
class link_frame_reader {
public:
  /// Takes frames of at most so many bytes of payload.
  explicit link_frame_reader(std::size_t most) : most_{most} {}

  /// From the next frame on, takes larger ones.
  void set_most(std::size_t most) { most_ = most; }

  void feed(std::string_view bytes);

  /// Returns the next whole frame, or nothing until more is fed. Fails with
  /// `corrupt` for good where the bytes are no frames of this protocol.
  result<std::optional<link_frame>> next();

private:
  std::string bytes_;
  std::size_t taken_ = 0; // of `bytes_`
  std::size_t most_;
};

} // namespace troupe
