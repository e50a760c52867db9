#pragma once

#include "engine/base/ids.hpp"
#include "engine/cluster/group_record.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace troupe::cluster {

// -- what a controller wants done, in this order

/// Ask these members for the end of their log of the group. Answers are told
/// by `on_log_answer`.
struct ask_logs {
  group_id group{};
  std::vector<member_id> members;
  bool operator==(const ask_logs&) const = default;
};

/// Change the group's record if it still has this revision, 0: if there is
/// none. Answered by `on_swapped` or `on_swap_failed` with the number. A later
/// one may have the same expectation; at most one of them happens.
struct swap_record {
  std::uint64_t number = 0;
  group_id group{};
  revision_number expected = 0;
  group_record record;
  bool operator==(const swap_record&) const = default;
};

/// Tell the group's leader to give it to `to`, patiently.
struct start_move {
  group_id group{};
  member_id leader{};
  member_id to{};
  bool operator==(const start_move&) const = default;
};

/// Write a line to the log.
struct log_line {
  std::string text;
  bool operator==(const log_line&) const = default;
};

using controller_action =
  std::variant<ask_logs, swap_record, start_move, log_line>;

/// Returns "group 7: move 1 -> 2" and the like.
std::string to_string(const controller_action& action);

} // namespace troupe::cluster
