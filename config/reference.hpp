#pragma once

#include <string>

namespace troupe {

/// Returns docs/configuration.md: every option and every kind of fault.
std::string configuration_reference();

} // namespace troupe
