#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

/// Where in a configuration something stands. Lines and columns count from 1,
/// columns in characters; line 0 means the file as a whole.
struct place {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 0; // characters to underline
  std::string text;         // the line itself, cut if very long
  bool operator==(const place&) const = default;
};

/// Something wrong in a configuration. All of them are collected before any is
/// shown.
struct fault {
  enum class severity : std::uint8_t { error, warning };

  severity level = severity::error;
  std::string id; // "E0112": stable, explained in fault_ids.cpp
  std::string message;
  place where;
  std::string label; // stands beside the underlined characters
  std::string note;  // what follows from it
  std::string help;  // what to do
};

/// Makes a fault whose severity follows from the first letter of its id.
fault make_fault(std::string id, std::string message, place where);

/// Returns whether any fault keeps the configuration from running.
bool has_errors(const std::vector<fault>& faults);

/// Sorts by file, line and column.
void sort_faults(std::vector<fault>& faults);

/// Returns the fault with its source line, as a terminal shows it. Control
/// characters are replaced.
std::string to_string(const fault& fault);

/// Returns every fault, a blank line after each, and the closing line.
std::string to_text(
  const std::vector<fault>& faults, const std::vector<std::string>& files);

/// Returns the same as one JSON object: `faults`, `errors`, `warnings`.
std::string to_json(const std::vector<fault>& faults);

/// Returns "x orders.toml: 2 errors, 1 warning ...".
std::string closing_line(
  const std::vector<fault>& faults, const std::vector<std::string>& files);

} // namespace troupe
