#pragma once

#include "engine/source/csv_row.hpp"
#include "engine/source/record.hpp"
#include "engine/source/record_buffer.hpp"

#include <optional>

namespace troupe {

/// Cuts rows (RFC 4180) and makes JSON objects of them by the header, which is
/// the first row; see `csv_columns`. Empty rows are left out, and so is a byte
/// order mark. A quote counts at the start of a field only; within another it
/// is a character like others.
class csv_cutter {
public:
  explicit csv_cutter(std::uint64_t limit) : buffer_{limit} {}

  bool has_header() const { return columns_.has_value(); }

  /// Goes on behind the row `at.number` (from 1), with the header as it was.
  void resume(const source_place& at);

  /// See `record_cutter`.
  result<std::optional<record>> cut(std::string_view& input);
  result<std::optional<record>> finish();

private:
  enum class state : std::uint8_t {
    field,    // at the start of one
    plain,    // within one that is not quoted
    quoted,   // within one that is
    closed,   // behind a quote within one that is
    line_end, // behind a carriage return that follows a quoted field
    ended,    // the next byte is the line feed
    wrong,    // the next byte may not stand there
  };

  /// Looks for the row's end; returns how many bytes belong to the row.
  std::size_t scan(std::string_view bytes);
  std::size_t step(std::string_view bytes, std::size_t at);
  std::size_t step_closed(char c);
  bool is_mark(char c, std::size_t at);
  result<std::optional<record>> take(std::string_view row);
  void skip(std::string_view& input, std::size_t size);
  error fault(const std::string& what) const;

  state state_ = state::field;
  record_buffer buffer_;
  std::size_t mark_ = 0; // bytes of a byte order mark
  csv_fields fields_;
  std::optional<csv_columns> columns_;
  std::string body_;
  std::uint64_t offset_ = 0; // of the input's next byte
  source_place place_;       // behind the last row
};

} // namespace troupe
