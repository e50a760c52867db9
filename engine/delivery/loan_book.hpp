#pragma once

#include "engine/delivery/log_entry.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace troupe {

/// Names one subscription of a consumer to a queue, for as long as it lasts.
enum class consumer_id : std::uint64_t {};

/// Who has which messages on loan, as runs of positions.
class loan_book {
public:
  void lend(consumer_id to, const position_run& run);

  /// Ends the loans of `from` that lie within `run`; returns them in order.
  /// What it does not have on loan is not its to settle and left out.
  std::vector<position_run>
  take_back(consumer_id from, const position_run& run);

  /// Ends all loans of a consumer; returns them in order.
  std::vector<position_run> take_back_all(consumer_id from);

  /// Returns the first of a consumer's loans, in queue order.
  std::optional<position> oldest(consumer_id of) const;
  std::uint64_t total() const { return total_; }

private:
  struct account {
    std::map<position, std::uint32_t> runs; // first position -> count
    std::uint64_t count = 0;
  };

  std::map<consumer_id, account> accounts_;
  std::uint64_t total_ = 0;
};

} // namespace troupe
