#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

// Bodies, headers and handlers' state are any bytes; terminals and readers of
// JSON are not made for all of them.

namespace troupe {

/// Returns text for a terminal: control characters, but for the end of a line,
/// and what is no UTF-8 come out as \xNN. A backslash stays as it is.
std::string shown(std::string_view bytes);

/// Returns an object that readers of JSON understand: a text in it that is no
/// UTF-8 is under `NAME_base64` instead of NAME, in objects within
/// as well.
boost::json::object json_shown(const boost::json::object& from);

} // namespace troupe
