#include "config/place_map.hpp"

namespace troupe {

place place_map::find(std::string path) const {
  while (true) {
    auto found = places_.find(path);
    if (found != places_.end()) return found->second;
    auto slash = path.rfind('/');
    if (slash == path.npos) return {};
    path.resize(slash);
  }
}

} // namespace troupe
