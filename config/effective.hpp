#pragma once

#include "config/pipeline.hpp"

#include <string>

namespace troupe {

/// Returns the configuration as TOML with every default written out. Reading
/// it gives the same configuration.
std::string effective(const pipeline_config& config);

} // namespace troupe
