#pragma once

#include "engine/source/record.hpp"
#include "engine/source/record_buffer.hpp"

#include <optional>

namespace troupe {

enum class blank_lines : std::uint8_t { keep, skip };

/// Cuts at line feeds; a carriage return before one is left out. What follows
/// the last line feed is a record too, unless it is empty. Where blank lines
/// are skipped, so is a byte order mark.
class line_cutter {
public:
  line_cutter(blank_lines blank, std::uint64_t limit)
    : blank_{blank}, buffer_{limit} {}

  void resume(const source_place& at) { place_ = at, offset_ = at.offset; }

  /// See `record_cutter`.
  result<std::optional<record>> cut(std::string_view& input);
  result<std::optional<record>> finish();

private:
  std::optional<record> take(std::string_view line);

  blank_lines blank_;
  record_buffer buffer_;
  source_place place_;       // behind the last line
  std::uint64_t offset_ = 0; // of the input's next byte
};

} // namespace troupe
