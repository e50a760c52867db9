#pragma once

#include "engine/source/json_scan.hpp"
#include "engine/source/record.hpp"
#include "engine/source/record_buffer.hpp"

#include <optional>

namespace troupe {

/// Cuts the elements of one JSON array, each with its exact bytes. It checks
/// what it must to find them: the array around them, that brackets pair and
/// strings end, and numbers and words that are elements themselves.
class json_cutter {
public:
  explicit json_cutter(std::uint64_t limit) : buffer_{limit} {}

  void resume(const source_place& at);

  /// See `record_cutter`.
  result<std::optional<record>> cut(std::string_view& input);
  result<std::optional<record>> finish();

private:
  enum class state : std::uint8_t {
    start,         // before the array
    first_element, // or the array's end
    next_element,  // after a comma
    element,       // within one
    behind_element,
    end,
  };

  result<std::optional<record>> cut_element(std::string_view& input);
  result<std::optional<record>> take(std::string_view body);
  void skip(std::string_view& input, std::size_t size);

  /// Takes a byte between elements, or begins one without taking it.
  result<void> step(std::string_view& input);
  result<void> begin_element(char first);
  error fault(const std::string& what) const;

  state state_ = state::start;
  json_scan scan_;
  record_buffer buffer_;
  std::uint64_t offset_ = 0; // of the input's next byte
  std::uint64_t begin_ = 0;  // of the element
  std::uint64_t number_ = 0; // of the last whole element
};

} // namespace troupe
