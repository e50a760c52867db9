#pragma once

#include "engine/base/result.hpp"
#include "engine/cluster/replica_messages.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::cluster {

/// An append with its entries as they are stored.
struct full_append {
  append head;
  std::vector<std::string_view> entries; // `head.count` of them
  bool operator==(const full_append&) const = default;
};

/// A piece of a checkpoint with its bytes.
struct full_chunk {
  chunk head;
  std::string_view bytes;
  bool operator==(const full_chunk&) const = default;
};

/// The sums of some of the leader's entries, for a follower that stopped
/// uncleanly to compare its own with; it has done so once it has had all from
/// `from` to `last`.
struct log_sums {
  epoch_number epoch = 0;
  log_index from = 0;
  log_index last = 0;
  log_index first = 0;   // of the entries that are summed here
  std::string_view sums; // 4 bytes an entry; zeros where it is erased
  bool operator==(const log_sums&) const = default;
};

using replica_message = std::
  variant<full_append, ack, reject, release, full_chunk, chunk_ack, log_sums>;

/// A message of a group's replica to another one, as it goes over a link.
struct group_message {
  group_id group{};
  replica_message what;
  bool operator==(const group_message&) const = default;
};

/// Lays a message out as docs/peer_protocol.md says.
std::string encode(const group_message& message);

/// Reads what `encode` wrote; the views are into `bytes`. Safe for any bytes:
/// fails with `corrupt`.
result<group_message> decode_group_message(std::string_view bytes);

} // namespace troupe::cluster
