#pragma once

#include "engine/base/ids.hpp"

#include <concepts>
#include <string>
#include <type_traits>

namespace troupe {

/// Returns the number of a group, a slot, a member or a queue as digits.
template <class Id>
requires std::is_enum_v<Id> && std::unsigned_integral<
  std::underlying_type_t<Id>>
  std::string id_text(Id x) {
  return std::to_string(static_cast<std::underlying_type_t<Id>>(x));
}

/// Returns "group 7", as messages to people begin.
inline std::string group_text(group_id x) { return "group " + id_text(x); }

} // namespace troupe
