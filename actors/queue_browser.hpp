#pragma once

#include "actors/interfaces.hpp"
#include "engine/base/result.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// A consumer for an operator: borrows messages of a queue to look at them or
/// to move them, and leaves the rest where it was. Blocks; one thread only.
class queue_browser {
public:
  /// Fails with `not_found` when the queue is not there.
  static result<queue_browser> open(
    caf::actor_system& system,
    const directory_actor& directory,
    const std::string& queue);

  /// Returns nothing of a queue that does not answer, in a cluster for want of
  /// a leader.
  queue::description
  describe(std::chrono::seconds patience = std::chrono::seconds{10});
  queue_figures figures() { return describe().figures; }

  /// Whether the queue has answered whatever it was asked so far.
  bool has_answered() const { return has_answered_; }

  /// Calls `see` for up to `limit` messages from the head of the queue on.
  void
  look(std::uint64_t limit, const std::function<void(const message&)>& see);

  /// Publishes up to `limit` messages to the output that `target` names for
  /// each and takes them from this queue, in one commit each way; a message
  /// with no target stays. Returns how many were moved.
  std::uint64_t move(
    std::uint64_t limit,
    const std::function<std::optional<std::string>(const message&)>& target);

private:
  queue_browser(caf::actor_system& system, queue_actor queue);

  std::vector<loaned_run> borrow(std::uint64_t count);
  void subscribe(std::uint64_t credit);
  void settle(std::map<std::uint16_t, settlement>& parts);
  void leave();

  std::unique_ptr<caf::scoped_actor> self_;
  queue_actor queue_;
  std::uint64_t number_ = 0;
  bool has_answered_ = true;
};

} // namespace troupe
