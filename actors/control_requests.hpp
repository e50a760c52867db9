#pragma once

#include <boost/json.hpp>

#include <string>
#include <string_view>

// What operators' requests and their answers have in common.

namespace troupe {

/// Returns the answer to a request that failed.
inline boost::json::object failed(const std::string& why) {
  return {{"ok", false}, {"error", why}};
}

/// Returns a text of a request; empty where it is not there or no text.
inline std::string
text_of(const boost::json::object& request, std::string_view name) {
  auto* found = request.if_contains(name);
  return found && found->is_string() ? std::string{found->get_string()} : "";
}

} // namespace troupe
