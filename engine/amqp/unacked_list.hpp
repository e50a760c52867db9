#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace troupe::amqp {

/// Consecutive deliveries of a channel, at about the same time, whose messages
/// stand one after another in their queue.
struct unacked_run {
  std::uint64_t tag = 0; // of the first
  std::uint32_t count = 0;
  std::uint64_t consumer = 0;
  position at = 0;          // of the first
  time_point since{};       // the client has had them
  bool is_extended = false; // `since` is later than its place in line says
  bool operator==(const unacked_run&) const = default;
};

/// The deliveries of a channel that the client has not settled, by their tags.
class unacked_list {
public:
  /// Adds deliveries with tags behind all others.
  void add(const unacked_run& run);

  /// Takes the delivery `tag`, or all up to it, or all there are where `tag`
  /// is 0, and appends them to `to` in order. False, and nothing is taken,
  /// where `tag` is none of an unsettled delivery.
  bool take(std::uint64_t tag, bool multiple, std::vector<unacked_run>& to);

  void take_all(std::vector<unacked_run>& to);

  /// Puts back what was taken, after a rollback.
  void put_back(const unacked_run& run);

  std::optional<unacked_run> find(std::uint64_t tag) const;

  /// Counts a delivery's time from `since` on. False where `tag` is none of an
  /// unsettled delivery.
  bool extend(std::uint64_t tag, time_point since);

  /// Calls `visit(run)` from the oldest on, until it returns false.
  template <class Visitor>
  void for_each(Visitor visit) const {
    for (const auto& [tag, run] : runs_)
      if (!visit(run)) return;
  }

  /// Returns where the first delivery to each consumer is in its queue.
  using positions = std::map<std::uint64_t, position>; // by consumer
  positions oldest() const;

  std::uint64_t size() const { return size_; }

private:
  using runs = std::map<std::uint64_t, unacked_run>; // by the first tag

  runs::iterator holding(std::uint64_t tag);
  void take_one(runs::iterator from, std::uint64_t tag);

  runs runs_;
  std::uint64_t size_ = 0;
};

} // namespace troupe::amqp
