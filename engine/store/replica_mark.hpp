#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// What a replica of a group has to remember beside its entries.
struct replica_mark {
  std::uint64_t epoch = 0; // the highest seen
  log_index base = 0;      // entries up to here may be missing
  std::uint64_t base_epoch = 0;
  /// First index and epoch of each run of entries above the base, rising.
  std::vector<std::pair<log_index, std::uint64_t>> runs;
  bool was_stopped_cleanly = false;
  bool operator==(const replica_mark&) const = default;
};

/// How far a group's entries took effect, and what of that is left to do.
struct applied_mark {
  log_index index = 0; // the effects of entries up to here are done
  /// But for these, which are still to be erased: first index and count of
  /// each run, rising. Other replicas may need them for a while.
  std::vector<std::pair<log_index, std::uint64_t>> to_erase;
  bool operator==(const applied_mark&) const = default;
};

/// How far a checkpoint is kept aside, and then, once it is whole and wanted,
/// put in the place of the group's log and state.
struct kept_checkpoint {
  enum stage_of : std::uint8_t {
    receiving,
    erasing_log,
    erasing_state,
    putting,
    closing,
  };

  std::uint64_t epoch = 0; // of the entry it was taken at
  log_index index = 0;
  std::uint64_t view = 0;
  std::uint64_t next = 0; // pieces below are kept
  bool is_whole = false;

  std::uint8_t stage = receiving;
  std::string erased_to;    // keys of the log or the state before it are gone
  std::uint64_t put_to = 0; // pieces below are in place
  log_index last_put = 0;   // the last entry that is
  bool operator==(const kept_checkpoint&) const = default;
};

std::string encode(const replica_mark& mark);
std::string encode(const kept_checkpoint& kept);
result<kept_checkpoint> decode_kept_checkpoint(std::string_view value);
std::string encode(const applied_mark& mark);
result<applied_mark> decode_applied_mark(std::string_view value);

/// Fails with `corrupt`.
result<replica_mark> decode_replica_mark(std::string_view value);

} // namespace troupe
