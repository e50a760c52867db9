#pragma once

#include "config/fault.hpp"

#include <map>
#include <string>

namespace troupe {

/// Where each part of a configuration stands, by its path: "handlers/charge",
/// "handlers/charge/inputs/0".
class place_map {
public:
  void add(const std::string& path, place where) {
    places_[path] = std::move(where);
  }

  bool contains(const std::string& path) const {
    return places_.contains(path);
  }

  /// Returns the place of `path` or of the nearest part around it.
  place find(std::string path) const;

private:
  std::map<std::string, place> places_;
};

} // namespace troupe
