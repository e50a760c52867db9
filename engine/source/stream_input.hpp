#pragma once

#include "engine/source/record_input.hpp"

#include <vector>

namespace troupe {

/// Reads what comes through a pipe or a terminal. It cannot be read again, so
/// there is no progress to keep.
class stream_input final : public record_input {
public:
  /// Borrows the descriptor.
  stream_input(int descriptor, input_options options);

  result<input_batch> next() override;

private:
  /// Returns false where there is nothing yet.
  result<bool> refill();

  int descriptor_;
  batch_cutter cutter_;
  std::vector<char> chunk_;
  std::string_view rest_; // of the chunk, not cut yet
  bool is_at_end_ = false;
};

} // namespace troupe
