#pragma once

#include "engine/source/csv_cutter.hpp"
#include "engine/source/json_cutter.hpp"
#include "engine/source/line_cutter.hpp"

#include <variant>

namespace troupe {

/// Cuts an input into records, whatever chunks it comes in. Copies a record
/// only where it crosses the end of a chunk, or is made anew (csv).
class record_cutter {
public:
  /// Longer records would not fit a batch once they are escaped.
  static constexpr std::uint64_t longest_record = 256 * 1024 * 1024;

  /// `max_record`, in bytes of the input, is at most `longest_record`; more
  /// counts as that.
  record_cutter(record_kind kind, std::uint64_t max_record);

  /// False while the input has to be given from its start before `resume`: a
  /// csv file's header is not read yet.
  bool can_resume() const;

  /// Goes on behind the record `at.number`, which is not 0.
  void resume(const source_place& at);

  /// Takes bytes from the front of `input`, up to the end of the next record.
  /// Returns nothing when it took all and needs more. The record may be a view
  /// of `input`. A fault is for good: later calls return it again.
  result<std::optional<record>> cut(std::string_view& input);

  /// Returns what is left once the input has ended and `cut` took all of it:
  /// one record at most. Fails where the input ends too early.
  result<std::optional<record>> finish();

private:
  using any_cutter = std::variant<line_cutter, json_cutter, csv_cutter>;
  static any_cutter make(record_kind kind, std::uint64_t max_record);

  result<std::optional<record>> note(result<std::optional<record>> made);

  any_cutter cutter_;
  error fault_; // errc::none: there was none
};

} // namespace troupe
