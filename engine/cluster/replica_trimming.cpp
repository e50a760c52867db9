#include "engine/cluster/replica_machine.hpp"

#include <algorithm>

namespace troupe::cluster {

void replica_machine::on_trimmable(log_index up_to, local_time now) {
  trimmable_ = std::max(trimmable_, up_to);
  if (is_leading()) trim_leading(now);
}

/// Trims what is committed and what no follower nearby still needs. One that
/// is silent for long, or far behind, gets a checkpoint when it asks.
void replica_machine::trim_leading(local_time now) {
  auto bound = options_.rules.trims_committed ? committed_ : log_.last();
  auto up_to = std::min(bound, trimmable_);
  for (const auto& x : followers_) {
    auto has = x.checkpoint_ ? x.checkpoint_->at.index : x.match;
    auto is_near = up_to <= has + options_.kept_entries;
    if (is_near && now - x.near_at <= options_.kept_for)
      up_to = std::min(up_to, has);
  }
  trim_to(up_to);
}

void replica_machine::trim_to(log_index index) {
  if (index <= log_.base().index) return;
  log_.trim(index);
  act(trim{log_.base()});
}

} // namespace troupe::cluster
