#include "engine/cluster/follower_progress.hpp"

#include <algorithm>

namespace troupe::cluster {

bool follower_progress::hear(
  const follower_state& from,
  local_time sent,
  const replica_options& options,
  local_time now) {
  auto is_old = options.rules.checks_ack_age && sent < tracked_since;
  if (is_old || sent > now) return false;
  auto is_other_disk = is_known && from.store != state.store;
  if (is_other_disk) *this = follower_progress{id, next, options, now};
  is_known = true;
  state = from;
  heard_at = near_at = now;
  return !is_other_disk;
}

void follower_progress::on_match(
  log_index index, const replica_options& options, local_time now) {
  if (checkpoint_ && index >= checkpoint_->at.index) checkpoint_.reset();
  if (index > match) {
    match = index;
    backoff = options.resend_after;
    resend_at = now + backoff;
  }
  while (in_flight_ > 0 && ends_[first_] <= match) {
    first_ = (first_ + 1) % most_in_flight;
    --in_flight_;
  }
  if (in_flight_ == 0 && !checkpoint_) resend_at = local_time::max();
  next = is_probing ? match + 1 : std::max(next, match + 1);
  is_probing = false;
}

void follower_progress::rewind(log_index next_index) {
  next = std::max(next_index, match + 1);
  in_flight_ = 0;
  is_probing = true;
  if (!checkpoint_) resend_at = local_time::max();
}

void follower_progress::on_sent(log_index last, local_time now) {
  sent_at = now;
  if (last < next) return; // a heartbeat
  next = last + 1;
  if (in_flight_ < most_in_flight)
    ends_[(first_ + in_flight_++) % most_in_flight] = last;
  if (resend_at == local_time::max()) resend_at = now + backoff;
}

void follower_progress::note_lag(log_index last, local_time now) {
  if (match < lag_target) return;
  lag_target = last;
  lag_since = now;
}

} // namespace troupe::cluster
