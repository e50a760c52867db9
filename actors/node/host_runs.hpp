#pragma once

#include <string>

// Runs of programs on this host, told apart by more than a number that the next
// one may get.

namespace troupe {

/// Returns the mark of this run: the host's start, the namespace of its
/// numbers, its number there and when it began. Empty where /proc does not
/// tell.
std::string own_run();

/// Says whether the run with this mark has certainly ended: it was on this host
/// since its start, in this namespace of numbers, and is gone. False where that
/// cannot be known.
bool run_has_ended(const std::string& mark);

} // namespace troupe
