#pragma once

#include <string>

namespace troupe {

/// Names a queue among those of all vhosts: by its own name in "/", and in any
/// other so that no queue of "/" can be called the same, for no name holds a
/// line feed.
inline std::string
full_queue_name(const std::string& vhost, const std::string& name) {
  return vhost == "/" ? name : vhost + '\n' + name;
}

} // namespace troupe
