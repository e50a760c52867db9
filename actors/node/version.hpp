#pragma once

namespace troupe {

/// Of this release; CMake takes care that it is the project's.
inline constexpr auto version = TROUPE_VERSION;

} // namespace troupe
