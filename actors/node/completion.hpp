#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace troupe {

/// Returns a completion script for `shell` (bash, zsh or fish), made from the
/// command line's own description.
std::string completion_script(const CLI::App& app, const std::string& shell);

} // namespace troupe
