#pragma once

#include <span>
#include <string_view>

namespace troupe {

/// One kind of fault: what `troupe explain` tells about it. An id, once given,
/// is never given to another kind.
struct fault_kind {
  std::string_view id;
  std::string_view title;
  std::string_view text; // sentences; what it means and what to do
};

/// Returns every kind, by id: E00 files, E01 names and connections, E02
/// values, W04 warnings.
std::span<const fault_kind> fault_kinds();

/// Returns the kind with this id, or null.
const fault_kind* find_fault_kind(std::string_view id);

} // namespace troupe
