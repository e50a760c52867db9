#pragma once

#include <boost/json/array.hpp>

#include <string>
#include <vector>

namespace troupe {

/// Returns rows as aligned columns under their names; numbers to the right.
/// Texts are any bytes.
std::string to_table(
  const boost::json::array& rows, const std::vector<std::string>& columns);

/// Returns rows as JSON, one a line, as `json_shown` writes them.
std::string to_json_lines(const boost::json::array& rows);

} // namespace troupe
