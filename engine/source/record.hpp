#pragma once

#include <cstdint>
#include <string_view>

namespace troupe {

/// How an input is cut into records.
enum class record_kind : std::uint8_t {
  lines,  // a line each, empty ones too
  ndjson, // a line each, checked by nobody; blank ones are left out
  json,   // the elements of one array
  csv,    // the rows below the header, as JSON objects
};

/// One message's worth of an input.
struct record {
  std::string_view body;    // good until the cutter is called again
  std::uint64_t number = 0; // counted from 1
  std::uint64_t end = 0;    // bytes from the input's start, just behind it
};

/// A place between two records, where reading can go on.
struct source_place {
  std::uint64_t offset = 0; // bytes, just behind record `number`
  std::uint64_t number = 0; // 0: before the first
  bool operator==(const source_place&) const = default;
};

} // namespace troupe
