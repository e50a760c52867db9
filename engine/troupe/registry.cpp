#include <troupe/registry.hpp>

namespace troupe {

registry& static_registry() {
  // A function's own static, so that registrations in other files may run
  // before this file's.
  static auto all = registry{};
  return all;
}

} // namespace troupe
