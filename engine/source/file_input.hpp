#pragma once

#include "engine/source/input_file.hpp"
#include "engine/source/record_input.hpp"
#include "engine/source/source_progress.hpp"

#include <vector>

namespace troupe {

/// Reads a file to its end, as it is when that is reached.
class file_input final : public record_input {
public:
  /// Opens the file at its start, or behind what `from` says was read.
  static result<file_input>
  open(input_options options, const std::optional<source_progress>& from);

  result<input_batch> next() override;

private:
  file_input(
    input_file file, const source_progress& progress, batch_cutter cutter);

  static result<void> read_header(const input_file& file, record_cutter& into);
  result<void> refill();
  input_batch made(cut_batch&& from) const;
  error in_file(const error& why) const;

  input_file file_;
  source_progress progress_; // as it was opened
  batch_cutter cutter_;
  std::vector<char> chunk_;
  std::string_view rest_;    // of the chunk, not cut yet
  std::uint64_t offset_ = 0; // of what is to be read next
  bool is_at_end_ = false;
};

} // namespace troupe
