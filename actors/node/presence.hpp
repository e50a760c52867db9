#pragma once

#include "engine/cluster/group_record.hpp"

#include <map>
#include <mutex>

namespace troupe {

/// Tells when a member is gone: its session may lapse while it is well, and a
/// link may break, but hardly both.
class presence {
public:
  /// Returns true where it is gone from now on.
  bool set_running(cluster::member_id member, bool is_so) {
    auto guard = std::lock_guard{mutex_};
    return change(seen_[member], &sight::is_running, is_so);
  }
  bool set_linked(cluster::member_id member, bool is_so) {
    auto guard = std::lock_guard{mutex_};
    return change(seen_[member], &sight::is_linked, is_so);
  }

private:
  struct sight {
    bool is_running = false;
    bool is_linked = false;
  };

  static bool change(sight& x, bool sight::*which, bool is_so) {
    auto was_there = x.is_running || x.is_linked;
    x.*which = is_so;
    return was_there && !x.is_running && !x.is_linked;
  }

  std::mutex mutex_; // guards what follows
  std::map<cluster::member_id, sight> seen_;
};

} // namespace troupe
