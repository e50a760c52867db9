#pragma once

#include "engine/cluster/replica_messages.hpp"
#include "engine/cluster/replica_options.hpp"

#include <array>
#include <optional>

namespace troupe::cluster {

/// What a leader knows of one follower. Of a fixed size, whatever the log.
class follower_progress {
public:
  struct checkpoint {
    log_mark at;
    std::uint64_t next = 0; // the piece under way
    bool operator==(const checkpoint&) const = default;
  };

  /// What it is to compare, having stopped uncleanly: what it had then.
  struct comparison {
    log_index first = 1; // behind `last` where nothing is left
    log_index last = 0;
    local_time asked_at;
    bool operator==(const comparison&) const = default;
  };

  follower_progress(
    member_id member,
    log_index next_index,
    const replica_options& options,
    local_time now)
    : id{member},
      next{next_index},
      tracked_since{now},
      heard_at{now},
      near_at{now},
      lag_since{now},
      backoff{options.resend_after} {}

  /// Notes what an answer says of the follower itself. False where the answer
  /// is not to be used: it is from before the follower was known, or has told
  /// of another disk, and all that was known of the one before is forgotten.
  bool hear(
    const follower_state& from,
    local_time sent_at,
    const replica_options& options,
    local_time now);

  /// Notes that the logs agree up to `index`.
  void
  on_match(log_index index, const replica_options& options, local_time now);

  /// Goes back to what is known to agree, and asks before it sends more.
  void rewind(log_index next_index);

  /// Notes an append that reaches up to `last`.
  void on_sent(log_index last, local_time now);

  /// Notes how much of an append, behind `previous` and meant to reach up to
  /// `asked`, has gone: entries up to `last`, of so many bytes. Where that is
  /// not all, what is left waits for an ack, or for `go_on`.
  void on_gone(
    log_index previous, log_index asked, log_index last, std::uint64_t bytes);

  void go_on() { is_held_ = false; }

  bool has_room(const replica_options& options) const {
    return !is_held_
           && in_flight_ < std::min(options.appends_in_flight, most_in_flight)
           && next - 1 - match < options.window_entries;
  }

  /// Returns the bytes of entries on their way, as far as they were told.
  std::uint64_t bytes_in_flight() const { return bytes_; }

  bool is_waiting() const { return in_flight_ > 0 || checkpoint_; }

  /// Restarts the lag clock once the follower has what the log had when the
  /// clock was started.
  void note_lag(log_index last, local_time now);

  bool is_silent(local_span limit, local_time now) const {
    return now - heard_at > limit;
  }
  bool is_lagging(local_span limit, local_time now) const {
    return match < lag_target && now - lag_since > limit;
  }

  member_id id{};
  follower_state state;
  bool is_known = false;  // has answered in this epoch
  log_index match = 0;    // the logs agree up to here, on its disk
  log_index next = 1;     // the next entry to send
  bool is_probing = true; // one append at a time, until one fits
  local_time tracked_since;
  local_time heard_at;
  local_time near_at; // heard, or a checkpoint for it begun
  /// When the latest append it acked was sent; its lease runs from there.
  local_time acked_sent_at = local_time::min();
  local_time sent_at = local_time::min(); // anything
  local_time resend_at = local_time::max();
  log_index lag_target = 0;
  local_time lag_since;
  local_span backoff;
  local_time join_at = local_time::min(); // not before it is waited for
  std::optional<comparison> comparison_;
  std::optional<checkpoint> checkpoint_;

private:
  struct sent_append {
    log_index last = 0;
    std::uint64_t bytes = 0;
  };

  sent_append& sent(std::uint32_t nth) {
    return sent_[(first_ + nth) % most_in_flight];
  }
  void drop_sent_from(std::uint32_t nth);

  std::array<sent_append, most_in_flight> sent_{}; // a ring
  std::uint32_t first_ = 0;
  std::uint32_t in_flight_ = 0;
  bool is_held_ = false;    // the next entry cannot be sent just now
  std::uint64_t bytes_ = 0; // of all in flight
};

} // namespace troupe::cluster
