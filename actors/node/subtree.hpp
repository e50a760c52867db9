#pragma once

#include "actors/supervisor_actor.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <memory>
#include <mutex>

namespace troupe {

/// A branch of the supervision tree as the node holds it: its parent may start
/// it anew at any time.
class subtree {
public:
  void set(caf::actor now) {
    auto guard = std::lock_guard{lock_};
    now_ = std::move(now);
  }

  caf::actor get() const {
    auto guard = std::lock_guard{lock_};
    return now_;
  }

private:
  mutable std::mutex lock_;
  caf::actor now_;
};

/// Makes a supervisor a child of another one. It is kept in `where`.
inline child_spec as_child(
  supervisor_options options, const std::shared_ptr<subtree>& where = {}) {
  auto start = [options, where](caf::actor_system& system) {
    auto made =
      caf::actor_cast<caf::actor>(system.spawn(run_supervisor, options));
    if (where) where->set(made);
    return made;
  };
  auto stop = [](const caf::actor& child) {
    caf::anon_send(child, supervisor::stop{});
  };
  auto own_name = options.name.substr(options.name.rfind('/') + 1);
  return {std::move(own_name), std::move(start), std::move(stop)};
}

/// Asks a supervisor to stop and waits until it has. Returns whether it did by
/// `deadline`.
inline bool stop_and_wait(
  caf::actor_system& system,
  const caf::actor& who,
  std::chrono::steady_clock::time_point deadline) {
  if (!who) return true;
  auto self = caf::scoped_actor{system};
  self->monitor(who);
  self->send(who, supervisor::stop{});
  auto left = deadline - std::chrono::steady_clock::now();
  auto has_ended = true;
  self->receive(
    [](const caf::down_msg&) {}, caf::after(std::max(left, decltype(left){0}))
                                   >> [&] { has_ended = false; });
  return has_ended;
}

} // namespace troupe
