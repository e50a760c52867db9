#pragma once

#include "engine/delivery/queue_events.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

namespace troupe {

/// The consumers of one queue, what each may still take, and whose turn it is.
class consumer_roster {
public:
  struct consumer {
    subscription asked;
    std::uint64_t outstanding = 0;     // messages on loan
    std::uint64_t unwritten_bytes = 0; // lent, not yet reported as written
    std::vector<loaned_run> given;     // not yet in a delivery
    std::uint64_t arrival = 0;         // counts up
    bool is_paused = false;
    bool is_cancelled = false;
    bool is_active = true; // false: it waits for the single active one
    bool is_able = false;  // in its group's list: it can take a message

    bool is_counted() const { return !asked.is_getter && !is_cancelled; }
    bool has_room() const {
      return (asked.credit == 0 || outstanding < asked.credit)
             && (asked.window_bytes == 0 || unwritten_bytes < asked.window_bytes);
    }
  };

  explicit consumer_roster(bool is_single_active)
    : is_single_active_{is_single_active} {}

  // -- who is there

  /// Says whether a consumer may come: an exclusive one only to an empty
  /// place, others only where no exclusive one is. Getters always may.
  bool admits(const subscription& asked) const;

  void add(const subscription& asked);
  void cancel(consumer& x);
  void remove(consumer_id id);
  consumer* find(consumer_id id);
  std::size_t size() const; // without getters and cancelled ones
  std::size_t getters() const { return getters_; }

  /// Takes what changed about the single active consumer.
  std::vector<activity> take_activities();
  bool has_activities() const { return !activities_.empty(); }

  // -- what they can take

  /// Notes that what a consumer may take has changed.
  void refresh(consumer& x) {
    auto can = x.has_room() && x.is_counted() && x.is_active && !x.is_paused;
    if (can != x.is_able) set_able(x, can);
  }

  bool has_able() const { return able_ > 0; }

  /// Begins a round of lending with so many messages ready: shares are large
  /// where there is much, so that runs stay long, and single messages where
  /// there is little.
  void begin_round(std::uint64_t ready);

  /// Returns the consumer whose turn it is. There is one that is able; those
  /// of the highest priority take turns, each with its share.
  consumer& next();

  /// Returns how many messages more the consumer `next` returned takes in a
  /// row; at least 1.
  std::uint64_t room(const consumer& x) const;

  /// Notes what a consumer was given; `bytes` where it has a window for them.
  void gave(consumer& x, std::uint32_t count, std::uint64_t bytes) {
    if (!x.asked.no_ack) x.outstanding += count;
    x.unwritten_bytes += bytes;
    if (x.asked.id == served_) served_run_ += count;
    ready_ -= std::min(ready_, std::uint64_t{count});
    if (!x.asked.is_getter && !x.has_room()) refresh(x);
  }

private:
  /// Consumers of one priority that can take messages, in order of their ids.
  struct group {
    std::int32_t priority = 0;
    std::size_t members = 0;
    std::vector<consumer_id> able;
  };

  void set_able(consumer& x, bool is_able);
  group& group_of(const consumer& x);
  void leave(consumer& x);
  void choose_active();
  void set_share(const group& among);

  bool is_single_active_;
  std::map<consumer_id, consumer> consumers_;
  std::vector<group> groups_; // highest priority first
  std::size_t able_ = 0;
  std::size_t counted_ = 0;
  std::size_t getters_ = 0;
  std::uint64_t arrivals_ = 0;
  std::vector<activity> activities_;

  // one round of lending
  std::uint64_t ready_ = 0;
  const group* shared_by_ = nullptr; // whom share_ is meant for
  consumer_id served_{};             // who got the last messages
  std::uint64_t served_run_ = 0;     // how many of them in a row
  std::uint64_t share_ = 1; // how many in a row before the next one's turn
};

} // namespace troupe
