#pragma once

#include "engine/base/result.hpp"

#include <cstdint>
#include <mutex>
#include <string>

namespace troupe {

/// How far a source is, for others to read while it runs. It outlives the
/// source actor, which may be started anew.
class source_report {
public:
  struct values {
    std::uint64_t published = 0; // messages, since the node started
    std::uint64_t confirmed = 0;
    bool has_ended = false;
    error failure; // why it ended early; errc::none: it did not
  };

  values read() const {
    auto guard = std::lock_guard{lock_};
    return values_;
  }

  template <class Change>
  void update(Change change) {
    auto guard = std::lock_guard{lock_};
    change(values_);
  }

private:
  mutable std::mutex lock_;
  values values_;
};

} // namespace troupe
