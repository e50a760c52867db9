#pragma once

#include "engine/routing/routing_snapshot.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace troupe {

/// Where the topology actor puts up the routes and everybody else looks. What
/// was put up before a client is answered is seen by all who look after it, so
/// that whoever the client tells of its queue finds it.
class routes_board {
public:
  using routes = std::shared_ptr<const routing_snapshot>;

  void put_up(routes now) {
    auto guard = std::lock_guard{mutex_};
    now_ = std::move(now);
    ++version_;
  }

  /// Counts the changes; cheap, to see whether `look` would be new.
  std::uint64_t version() const { return version_; }

  routes look() const {
    auto guard = std::lock_guard{mutex_};
    return now_;
  }

private:
  mutable std::mutex mutex_;
  routes now_;
  std::atomic<std::uint64_t> version_ = 0;
};

} // namespace troupe
