#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Returns the candidate a mistyped name most likely means, or an empty text
/// when none is near: at most a third of the letters added, lost, changed or
/// swapped with their neighbour.
std::string
nearest(std::string_view name, const std::vector<std::string>& candidates);

} // namespace troupe
