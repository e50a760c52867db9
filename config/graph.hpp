#pragma once

#include "config/plan.hpp"

#include <string>

namespace troupe {

/// Draw a plan from sources to sinks, as text for Mermaid or Graphviz.
std::string mermaid(const pipeline_config& config, const plan& plan);
std::string dot(const pipeline_config& config, const plan& plan);

} // namespace troupe
