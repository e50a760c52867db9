#pragma once

namespace troupe::test {

/// True where a sanitizer, or no optimization, makes everything slow: plays
/// are shorter there.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)              \
  || !defined(__OPTIMIZE__)
constexpr bool is_slow_build = true;
#else
constexpr bool is_slow_build = false;
#endif

} // namespace troupe::test
