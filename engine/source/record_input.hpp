#pragma once

#include "engine/source/batch_cutter.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace troupe {

struct input_options {
  std::optional<std::filesystem::path> path; // nothing: standard input
  record_kind kind = record_kind::lines;
  input_key key;                               // null: routing keys stay empty
  std::uint64_t max_record = 16 * 1024 * 1024; // bytes
};

/// What one look at an input brought.
struct input_batch {
  batch_ptr messages; // null: nothing yet, or the end
  bool at_end = false;
  /// True where records have numbers that stay the same when they are read
  /// again, and `progress` says how to go on behind these.
  bool is_resumable = false;
  std::uint64_t first_number = 0; // the others follow one by one
  std::string progress;
};

/// An input cut into messages. One thread at a time.
class record_input {
public:
  virtual ~record_input() = default;

  /// Returns the next messages. Blocks a tenth of a second at most where the
  /// input has nothing yet. A fault in the input comes after all the records
  /// before it, and again at each later call.
  virtual result<input_batch> next() = 0;
};

/// Opens an input, at its start or where `progress` says.
///
/// Fails with `not_found`, with `bad_input` where the file is not the one that
/// `progress` speaks of, and with `corrupt` where `progress` is damaged.
result<std::unique_ptr<record_input>>
open_input(input_options options, const std::optional<std::string>& progress);

} // namespace troupe
