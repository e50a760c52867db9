#pragma once

#include "engine/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The fields of one row (RFC 4180), used again and again.
class csv_fields {
public:
  /// Splits a row without its line end, whose quotes pair.
  void split(std::string_view row);

  std::size_t size() const { return size_; }
  const std::string& operator[](std::size_t i) const { return fields_[i]; }

private:
  std::string& add();
  std::string_view take_quoted(std::string_view rest);

  std::vector<std::string> fields_; // keeps its strings, so as to allocate less
  std::size_t size_ = 0;
};

/// The columns of a header, and rows written by them: `{"a":"1","b":"2"}`.
///
/// All values are strings, in the order of the columns. A field that a row
/// lacks is ""; fields beyond the columns are in an array under "_extra". A
/// column without a name is "column_3", after its place. Bytes that are not
/// UTF-8 are passed on as they are.
class csv_columns {
public:
  static constexpr std::string_view extra = "_extra";

  /// Fails where two columns have one name, or one is named "_extra".
  static result<csv_columns> make(const csv_fields& header);

  /// Writes a row to `out`.
  void write(const csv_fields& row, std::string& out) const;

private:
  std::vector<std::string> keys_; // as JSON, with the colon
};

} // namespace troupe
