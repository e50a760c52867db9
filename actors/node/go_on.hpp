#pragma once

#include <string>

namespace troupe {

struct command_line;

/// Asks on the terminal whether to do what cannot be undone, unless the command
/// line says --yes; without a terminal it says so and returns false.
bool may_go_on(const command_line& line, const std::string& what);

} // namespace troupe
