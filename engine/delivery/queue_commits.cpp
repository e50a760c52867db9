#include "engine/delivery/queue_machine.hpp"

#include <algorithm>

// queue_machine: settle entries and checkpoints.

namespace troupe {

namespace {

// A checkpoint costs one entry; this many entries are worth it.
constexpr std::size_t entries_per_checkpoint = 256;

} // namespace

settle_entry&
queue_machine::entry_of(open_entries& all, const partition_state& in) const {
  auto& entry = all[in.log.partition()];
  entry.queue = options_.id;
  return entry;
}

void queue_machine::commit(open_entries&& all) {
  if (all.empty()) return;
  for (auto& [partition, entry] : all)
    commit(partitions_[partition], std::move(entry), {}, 0);
  release_confirms();
}

void queue_machine::commit(
  partition_state& in,
  settle_entry&& entry,
  consumer_id from,
  std::uint64_t number) {
  auto is_empty = entry.settled.empty() && entry.retries.empty()
                  && entry.emits.empty() && entry.changes.empty()
                  && entry.requeued.empty();
  if (is_empty) {
    if (number > 0) out_.settlements.push_back({from, number});
    return;
  }
  // A memory queue stores nothing but the state its handler changed.
  auto is_stored =
    options_.is_durable || !entry.changes.empty() || in.settles_sent > 0;
  if (!is_stored && entry.emits.empty() && !options_.key) {
    if (number > 0) out_.settlements.push_back({from, number});
    return;
  }
  auto note =
    sent_entry{sent_entry::kind::settle, {}, from, number, {}, entry.emits, 0};
  if (options_.key) note.settled = entry.settled;
  if (is_stored)
    append(in, std::move(entry), std::move(note));
  else
    on_settle_stored(in, std::move(note), ++memory_index_);
}

void queue_machine::on_settle_stored(
  partition_state& in, sent_entry&& sent, log_index index) {
  // Only now is a key free for another consumer, which reads the state this
  // settlement changed from the store.
  for (const auto& run : sent.settled)
    for (std::uint32_t i = 0; i < run.count; ++i)
      lanes_.on_settled(run.first + i);
  if (!sent.emits.empty()) in.outbox[index] = sent.emits.size();
  for (auto& what : sent.emits)
    out_.forwards.push_back({in.log.partition(), index, std::move(what)});
  if (options_.is_durable) in.settles.push_back(index);
  if (sent.number > 0) out_.settlements.push_back({sent.consumer, sent.number});
}

// -- checkpoints

void queue_machine::checkpoint_if_due(partition_state& in) {
  if (in.entries >= std::max(entries_per_checkpoint, in.checkpoint_after))
    checkpoint(in, in.log.next());
}

void queue_machine::on_checkpoint() {
  for (auto& in : partitions_)
    if (in.entries > 0) {
      checkpoint(in, std::max(in.log.cursor(), in.maybe_lent));
      in.claims_unlent = options_.is_durable;
    }
}

/// Says of all that is there that it may have been lent, before it is.
void queue_machine::withdraw_claims() {
  is_claim_broken_ = false;
  for (auto& in : partitions_)
    if (in.claims_unlent) checkpoint(in, in.log.next());
}

/// What is before `lent_to` counts as lent before after a restart from here.
void queue_machine::checkpoint(partition_state& in, position lent_to) {
  if (!options_.is_durable) return;
  auto entry = snapshot(in, lent_to);
  auto erases = std::exchange(in.erasable, {});
  // An entry whose emissions are still on their way must outlive a crash.
  auto open = std::vector<log_index>{};
  for (auto index : in.settles)
    (in.outbox.contains(index) ? open : erases).push_back(index);
  in.settles = std::move(open);
  if (in.last_checkpoint) erases.push_back(*in.last_checkpoint);
  in.last_checkpoint.reset();
  in.checkpoint_after = 4 * (entry.settled.size() + entry.attempts.size());
  append(
    in, std::move(entry), {sent_entry::kind::checkpoint, {}, {}, 0, {}, {}, 0});
  out_.appends.back().erases = std::move(erases);
  in.entries = 0;
}

checkpoint_entry
queue_machine::snapshot(const partition_state& in, position lent_to) const {
  auto entry = checkpoint_entry{};
  entry.queue = options_.id;
  entry.next = in.log.next();
  entry.next_sequence = in.next_sequence;
  entry.publishers = in.log.publishers();
  for (const auto& x : in.log.segments())
    if (!x.is_done()) x.settled_runs(entry.settled);
  auto start = partition_start(in.log.partition());
  auto last = partition_last(in.log.partition());
  auto part = [&](const auto& all) {
    return std::decay_t<decltype(all)>{
      all.lower_bound(start), all.upper_bound(last)};
  };
  entry.attempts = part(retries_.attempts());
  entry.waiting = part(retries_.waiting());
  entry.lent_to = lent_to;
  if (options_.counts_deliveries || options_.delivery_limit)
    for (auto [at, count] : deliveries_)
      if (at >= start && at <= last) entry.deliveries.emplace(at, count);
  if (seen_) entry.seen = seen_->of(in.log.partition());
  return entry;
}

} // namespace troupe
