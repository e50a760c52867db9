#pragma once

#include "engine/cluster/group_record.hpp"
#include "engine/cluster/local_time.hpp"

#include <cstdint>

namespace troupe::cluster {

// -- what replicas of a group tell each other; the shells add the payloads

/// A leader's entries, all of one epoch, behind an entry both logs should
/// have. With none it is a heartbeat.
struct append {
  epoch_number epoch = 0;
  revision_number revision = 0; // of the record the leader goes by
  log_mark previous;
  epoch_number entries_epoch = 0;
  std::uint32_t count = 0;
  log_index committed = 0;
  log_index trim_to = 0;
  local_time sent_at{}; // by the leader's clock
  bool operator==(const append&) const = default;
};

/// How a follower is off; in all that it answers.
struct follower_state {
  store_id store;
  bool is_unchecked = false; // stopped uncleanly, log not yet compared
  bool has_space = true;
  bool operator==(const follower_state&) const = default;
};

/// Says that the follower's log is the leader's up to `match`, on disk.
struct ack {
  epoch_number epoch = 0;
  log_index match = 0;
  local_time sent_at{}; // of the latest append it answers
  follower_state state;
  bool operator==(const ack&) const = default;
};

/// Says that an append does not fit: its epoch is over, or the follower has
/// no entry `previous`; then `hint` is the nearest one it has.
struct reject {
  epoch_number epoch = 0;
  log_mark previous;
  log_mark hint;
  local_time sent_at{};
  follower_state state;
  bool operator==(const reject&) const = default;
};

/// Says that the leader of an epoch handles no more, so that the next one
/// need not outwait its lease.
struct release {
  epoch_number epoch = 0;
  bool operator==(const release&) const = default;
};

/// A piece, from 0, of the checkpoint taken at an entry.
struct chunk {
  epoch_number epoch = 0;
  revision_number revision = 0;
  log_mark at;
  std::uint64_t number = 0;
  local_time sent_at{};
  bool is_last = false; // the sender's shell knows and sets it
  bool operator==(const chunk&) const = default;
};

/// Says which piece the follower wants next.
struct chunk_ack {
  epoch_number epoch = 0;
  log_mark at;
  std::uint64_t wanted = 0;
  local_time sent_at{};
  follower_state state;
  bool operator==(const chunk_ack&) const = default;
};

} // namespace troupe::cluster
