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
  while (in_flight_ > 0 && sent(0).last <= match) {
    bytes_ -= sent(0).bytes;
    first_ = (first_ + 1) % most_in_flight;
    --in_flight_;
  }
  is_held_ = false;
  if (in_flight_ == 0 && !checkpoint_) resend_at = local_time::max();
  next = is_probing ? match + 1 : std::max(next, match + 1);
  is_probing = false;
}

void follower_progress::rewind(log_index next_index) {
  next = std::max(next_index, match + 1);
  drop_sent_from(0);
  is_held_ = false;
  is_probing = true;
  if (!checkpoint_) resend_at = local_time::max();
}

void follower_progress::on_sent(log_index last, local_time now) {
  sent_at = now;
  if (last < next) return; // a heartbeat
  next = last + 1;
  if (in_flight_ < most_in_flight) sent(in_flight_++) = {last, 0};
  if (resend_at == local_time::max()) resend_at = now + backoff;
}

void follower_progress::on_gone(
  log_index previous, log_index asked, log_index last, std::uint64_t bytes) {
  auto nth = std::uint32_t{0};
  while (nth < in_flight_ && sent(nth).last != asked) ++nth;
  if (nth == in_flight_) return; // it was taken back since
  if (last < asked) {
    // What is behind it would not fit there any more.
    drop_sent_from(last > previous ? nth + 1 : nth);
    next = last + 1;
    is_held_ = true;
    if (in_flight_ == 0 && !checkpoint_) resend_at = local_time::max();
  }
  if (last == previous) return;
  sent(nth) = {last, bytes};
  bytes_ += bytes;
}

void follower_progress::drop_sent_from(std::uint32_t nth) {
  while (in_flight_ > nth) bytes_ -= sent(--in_flight_).bytes;
}

void follower_progress::note_lag(log_index last, local_time now) {
  if (match < lag_target) return;
  lag_target = last;
  lag_since = now;
}

} // namespace troupe::cluster
