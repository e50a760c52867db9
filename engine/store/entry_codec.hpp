#pragma once

#include "engine/delivery/log_entry.hpp"
#include "engine/store/queue_record.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// An entry as it is stored: `head`, then the batch's bytes where there is
/// one. The batch is shared, not copied.
struct encoded_entry {
  std::string head;
  batch_ptr body;

  std::size_t size() const {
    return head.size() + (body ? body->bytes().size() : 0);
  }
};

/// The epoch of all entries of a node that is in no cluster.
constexpr std::uint64_t single_node_epoch = 1;

/// Lays an entry out as docs/store_format.md says. Its batches must not be
/// null, and all of it is to stay below 4 GiB.
encoded_entry
encode(const log_entry& entry, std::uint64_t epoch = single_node_epoch);

/// Lays out the empty entry that begins an epoch.
encoded_entry encode_noop(std::uint64_t epoch);

/// Reads what `encode` wrote, head and body in one string. Safe for any
/// bytes: fails with `corrupt` where they are not an entry.
result<log_entry> decode(std::string value);

/// Returns the epoch of an entry, without a look at the rest.
std::uint64_t epoch_of(std::string_view value);
bool is_noop(std::string_view value);

/// What every replica does once an entry is committed.
struct entry_effects {
  std::vector<log_index> erases; // of the same group
  std::vector<state_change> changes;
  /// It says nothing more: a change of no queue's.
  bool is_spent = false;
};

/// Reads what a sound entry brings about; cheap where that is nothing.
result<entry_effects> effects_of(const std::string& value);

/// Puts the checksum before a value of the other column families.
std::string seal(std::string_view value);

/// Returns the bytes behind the checksum, a view into `sealed`, or `corrupt`.
result<std::string_view> unseal(std::string_view sealed);
result<std::string_view> unseal(std::string&& gone_too_soon) = delete;

std::string encode(const queue_record& record);
result<queue_record> decode_queue_record(std::string_view value);

} // namespace troupe
