#pragma once

#include "config/pipeline.hpp"
#include "engine/access/user_table.hpp"

#include <memory>

namespace troupe {

/// Returns the users of a configuration that has no faults; `guest` alone where
/// it names none.
std::shared_ptr<const user_table> users_of(const pipeline_config& config);

} // namespace troupe
