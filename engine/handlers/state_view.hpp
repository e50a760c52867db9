#pragma once

#include "engine/delivery/log_entry.hpp"
#include "engine/handlers/stage.hpp"

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace troupe {

/// What one consumer sees of its handler's state: what is committed, and over
/// it what its own settlements change that are not committed yet. No other
/// consumer may have the same key meanwhile; the queue sees to that.
class state_view {
public:
  explicit state_view(const stage& of) : stage_{&of} {}

  std::optional<std::string>
  get(std::uint16_t partition, const std::string& scope, std::string_view name);

  /// Takes over changes that will be committed with settlement `number`.
  void apply(const std::vector<state_change>& changes, std::uint64_t number);

  /// Settlements up to `number` are committed: the store has their changes.
  void on_settled(std::uint64_t number);

private:
  struct pending {
    std::optional<std::string> value;
    std::uint64_t number;
  };

  const stage* stage_;
  std::map<std::pair<std::string, std::string>, pending> pending_;
};

} // namespace troupe
