#pragma once

#include <string>

namespace troupe {

/// Returns an id that nothing else has: 128 random bits, in hexadecimal.
std::string random_id();

} // namespace troupe
