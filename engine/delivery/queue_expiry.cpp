#include "engine/delivery/position_runs.hpp"
#include "engine/delivery/queue_machine.hpp"

#include <algorithm>

// queue_machine: messages whose time in the queue has run out.

namespace troupe {

bool queue_machine::expires() const {
  return options_.message_ttl || expiries_.size() > 0;
}

/// Notes messages that expire before the queue's own rule ends their time.
void queue_machine::note_expirations(const segment& of, const batch& messages) {
  if (!of.has_expirations() && !of.is_delayed()) return;
  for (std::uint32_t i = 0; i < of.count(); ++i) {
    if (of.is_settled(of.first() + i)) continue;
    auto time = time_to_live(messages[i], of.is_delayed());
    if (time && (!options_.message_ttl || *time < *options_.message_ttl))
      expiries_.add(of.published_at() + *time, of.first() + i);
  }
  expiries_.sweep_if_due([this](position at) {
    auto* in = partition(at).log.find(at);
    return !in || in->is_settled(at);
  });
}

bool queue_machine::is_expired(const segment& in, position at) const {
  if (options_.message_ttl && in.published_at() + *options_.message_ttl <= now_)
    return true;
  return !overdue_.empty() && overdue_.contains(at);
}

/// Returns when the queue's own rule ends the time of the next messages.
std::optional<time_point>
queue_machine::first_expiry(const partition_state& in) const {
  const auto& all = in.log.segments();
  auto at = std::ranges::upper_bound(all, in.expired_to, {}, &segment::first);
  if (at != all.begin() && in.expired_to < std::prev(at)->end()) --at;
  while (at != all.end() && at->is_done()) ++at;
  if (at == all.end() || !in.log.may_offer(*at)) return std::nullopt;
  return at->published_at() + *options_.message_ttl;
}

void queue_machine::expire() {
  if (!expires()) return;
  auto entries = open_entries{};
  if (options_.message_ttl)
    for (auto& in : partitions_) expire_old(entries, in);
  expire_due(entries);
  commit(std::move(entries));
}

/// Ends the time of whole segments, the oldest first.
void queue_machine::expire_old(open_entries& all, partition_state& in) {
  auto before = in.expired_to;
  for (auto due = first_expiry(in); due && *due <= now_;
       due = first_expiry(in)) {
    auto& segments = in.log.segments();
    auto at =
      std::ranges::upper_bound(segments, in.expired_to, {}, &segment::first);
    if (at != segments.begin() && in.expired_to < std::prev(at)->end()) --at;
    while (at->is_done()) ++at;
    if (at->first() >= in.offered) break;
    in.expired_to = at->end();
    expire_segment(entry_of(all, in), in, *at);
  }
  if (!options_.key || before == in.expired_to) return;
  auto start = partition_start(in.log.partition());
  auto waiting = lanes_.take_waiting(
    [&](position at) { return at >= start && at < in.expired_to; });
  for (auto at : waiting) {
    figures_.ready_bytes -= in.log.find(at)->bytes({at, 1});
    die(in, entry_of(all, in), {at, 1}, death_reason::expired);
  }
}

/// Ends the time of a segment's ready messages: some came back, some were
/// never offered, and with keys the others wait in their lanes.
void queue_machine::expire_segment(
  settle_entry& into, partition_state& in, segment& x) {
  auto end = x.end();
  auto runs = std::vector<position_run>{};
  for (auto at = x.first(); at < end; ++at) {
    auto is_fresh = at >= in.log.cursor();
    auto is_ready =
      is_fresh ? !x.is_settled(at) && !retries_.is_waiting(at) && !is_doomed(at)
               : returned_.erase(at) > 0;
    if (!is_ready) continue;
    figures_.ready_bytes -= x.bytes({at, 1});
    append_run(runs, {at, 1});
  }
  in.log.advance(std::max(in.log.cursor(), end));
  for (const auto& each : runs) die(in, into, each, death_reason::expired);
}

/// Ends the time of messages that said themselves when.
void queue_machine::expire_due(open_entries& all) {
  auto in_lanes = boost::unordered_flat_set<position>{};
  for (auto at : expiries_.take_due(now_)) {
    auto& in = partition(at);
    auto* from = in.log.find(at);
    if (!from || from->is_settled(at) || is_doomed(at)) continue;
    if (at >= in.offered)
      expiries_.add(now_, at); // consumers come first
    else if (options_.key && at < in.log.cursor())
      in_lanes.insert(at);
    else if (take_ready(in, at))
      die(in, entry_of(all, in), {at, 1}, death_reason::expired);
    else
      overdue_.insert(at);
  }
  if (in_lanes.empty()) return;
  auto waiting =
    lanes_.take_waiting([&](position at) { return in_lanes.erase(at) > 0; });
  overdue_.insert(in_lanes.begin(), in_lanes.end());
  for (auto at : waiting) {
    auto& in = partition(at);
    figures_.ready_bytes -= in.log.find(at)->bytes({at, 1});
    die(in, entry_of(all, in), {at, 1}, death_reason::expired);
  }
}

/// Takes one message out of the line, wherever in it that is; false where it
/// is not ready.
bool queue_machine::take_ready(partition_state& in, position at) {
  if (at >= in.log.cursor()) {
    if (retries_.is_waiting(at)) return false;
    if (options_.dead_letters) doomed_.insert(at);
  } else if (returned_.erase(at) == 0) {
    return false;
  }
  figures_.ready_bytes -= in.log.find(at)->bytes({at, 1});
  return true;
}

/// From now on consumers had their chance with all that is there for them.
void queue_machine::note_offered() {
  for (auto& in : partitions_) {
    const auto& all = in.log.segments();
    in.offered = in.log.next();
    for (auto x = all.rbegin(); x != all.rend() && !in.log.may_offer(*x); ++x)
      in.offered = x->first();
  }
}

} // namespace troupe
