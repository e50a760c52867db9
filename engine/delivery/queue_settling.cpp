#include "engine/delivery/dead_letter.hpp"
#include "engine/delivery/queue_machine.hpp"

#include <algorithm>

namespace troupe {

namespace {

// A checkpoint costs one entry; this many entries are worth it.
constexpr std::size_t entries_per_checkpoint = 256;

} // namespace

void queue_machine::on_settle(
  consumer_id from,
  std::uint64_t number,
  settlement what,
  time_point now,
  double random) {
  auto found = consumers_.find(from);
  if (found == consumers_.end()) return;
  const auto& by = found->second.asked;
  auto& in = partitions_[what.partition];
  auto entry = settle_entry{};
  entry.queue = options_.id;
  ack(in, entry, from, what);
  for (const auto& failed : what.failed)
    for (const auto& part : loans_.take_back(from, {failed.at, 1})) {
      found->second.outstanding -= part.count;
      fail(in, entry, failed, by, {now, random});
    }
  for (const auto& run : what.returned)
    for (const auto& part : loans_.take_back(from, run)) {
      found->second.outstanding -= part.count;
      give_back(part);
    }
  commit(in, std::move(entry), from, number);
  release_confirms();
}

/// Acks are one commit with what they emit and change: where any of them is no
/// longer this consumer's to ack, none counts.
void queue_machine::ack(
  partition_state& in,
  settle_entry& entry,
  consumer_id from,
  settlement& what) {
  auto parts = std::vector<position_run>{};
  auto missing = std::uint64_t{0};
  for (const auto& run : what.acked) {
    missing += run.count;
    for (const auto& part : loans_.take_back(from, run)) {
      missing -= part.count;
      consumers_[from].outstanding -= part.count;
      parts.push_back(part);
    }
  }
  for (const auto& part : parts)
    if (missing > 0) {
      give_back(part);
    } else {
      end_loans(part);
      figures_.acked += part.count;
      settle(in, part);
    }
  if (missing > 0) return;
  entry.settled = std::move(parts);
  for (const auto& emitted : what.emits) emit(in, entry, emitted);
  entry.changes = std::move(what.changes);
}

void queue_machine::on_gone(
  consumer_id from,
  const std::optional<failure>& crash,
  time_point now,
  double random) {
  auto found = consumers_.find(from);
  if (found == consumers_.end()) return;
  if (crash) charge(found->second.asked, *crash, {now, random});
  for (const auto& run : loans_.take_back_all(from)) give_back(run);
  consumers_.erase(found);
}

void queue_machine::charge(
  const subscription& by,
  failure crash,
  const std::pair<time_point, double>& now_random) {
  if (crash.at == 0) crash.at = loans_.oldest(by.id).value_or(0);
  if (loans_.take_back(by.id, {crash.at, 1}).empty()) return;
  auto& in = partition(crash.at);
  auto entry = settle_entry{};
  entry.queue = options_.id;
  fail(in, entry, crash, by, now_random);
  commit(in, std::move(entry), by.id, 0);
}

void queue_machine::on_forwarded(std::uint16_t partition, log_index index) {
  auto& in = partitions_[partition];
  auto found = in.outbox.find(index);
  if (found != in.outbox.end() && --found->second == 0) in.outbox.erase(found);
}

void queue_machine::on_time(time_point now) {
  for (auto at : retries_.take_due(now)) {
    if (options_.key)
      lanes_.on_due(at);
    else if (at < partition(at).log.cursor())
      returned_.insert(at);
  }
}

// -- one message

void queue_machine::end_loans(const position_run& run) {
  auto* from = partition(run.first).log.find(run.first);
  from->add_loans(-std::int64_t{run.count});
  auto is_over = figures_.resident_bytes > options_.resident_limit;
  auto is_behind = from->end() <= partition(run.first).log.cursor();
  if (options_.is_durable && is_over && is_behind && from->loans() == 0)
    drop_bodies(*from);
}

void queue_machine::settle(partition_state& in, const position_run& run) {
  if (!retries_.is_empty())
    for (std::uint32_t i = 0; i < run.count; ++i)
      retries_.remove(run.first + i);
  auto* from = in.log.find(run.first);
  if (!from) return;
  figures_.length -= from->settle(run);
  if (!from->is_done()) return;
  drop_bodies(*from);
  if (options_.is_durable) in.erasable.push_back(from->index());
  in.log.forget_done();
}

void queue_machine::fail(
  partition_state& in,
  settle_entry& entry,
  const failure& what,
  const subscription& by,
  const std::pair<time_point, double>& now_random) {
  auto attempt = retries_.attempt(what.at);
  if (what.is_final || attempt >= by.retry.attempts) {
    dead_letter(in, entry, what, by);
    return;
  }
  auto delay =
    what.delay.value_or(by.retry.backoff.delay(attempt, now_random.second));
  auto record = retry_record{what.at, now_random.first + delay, what.why};
  end_loans({what.at, 1});
  retries_.add(record);
  if (options_.key) lanes_.on_parked(what.at);
  entry.retries.push_back(std::move(record));
  ++figures_.retried;
}

void queue_machine::dead_letter(
  partition_state& in,
  settle_entry& entry,
  const failure& what,
  const subscription& by) {
  auto history = retries_.remove(what.at);
  history.push_back(what.why);
  auto* from = in.log.find(what.at);
  auto dead = (*from->messages())[what.at - from->first()];
  emit(
    in, entry,
    {by.dead_output, make_dead_letter(dead, options_.name, history)});
  end_loans({what.at, 1});
  entry.settled.push_back({what.at, 1});
  settle(in, {what.at, 1});
  ++figures_.dead_lettered;
}

void queue_machine::emit(
  partition_state& from, settle_entry& entry, const emitted& what) {
  auto numbered = emission{what.output, {}, what.messages};
  for (std::size_t i = 0; i < what.messages->size(); ++i)
    numbered.sequences.push_back(from.next_sequence++);
  entry.emits.push_back(std::move(numbered));
}

void queue_machine::give_back(const position_run& run) {
  end_loans(run);
  for (std::uint32_t i = 0; i < run.count; ++i)
    if (options_.key)
      lanes_.on_returned(run.first + i);
    else
      returned_.insert(run.first + i);
}

// -- the settle entry

void queue_machine::commit(
  partition_state& in,
  settle_entry&& entry,
  consumer_id from,
  std::uint64_t number) {
  auto is_empty = entry.settled.empty() && entry.retries.empty()
                  && entry.emits.empty() && entry.changes.empty();
  if (is_empty) {
    out_.settlements.push_back({from, number});
    return;
  }
  auto note =
    sent_entry{sent_entry::kind::settle, {}, from, number, {}, entry.emits};
  if (options_.key) note.settled = entry.settled;
  // A memory queue stores nothing but the state its handler changed.
  if (!options_.is_durable && entry.changes.empty() && in.sent.empty())
    on_settle_stored(in, std::move(note), ++memory_index_);
  else
    append(in, std::move(entry), std::move(note));
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
  out_.settlements.push_back({sent.consumer, sent.number});
}

// -- checkpoints

void queue_machine::checkpoint_if_due(partition_state& in) {
  if (in.entries >= std::max(entries_per_checkpoint, in.checkpoint_after))
    checkpoint(in);
}

void queue_machine::on_checkpoint() {
  for (auto& in : partitions_)
    if (in.entries > 0) checkpoint(in);
}

void queue_machine::checkpoint(partition_state& in) {
  if (!options_.is_durable) return;
  auto entry = snapshot(in);
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
    in, std::move(entry), {sent_entry::kind::checkpoint, {}, {}, 0, {}, {}});
  out_.appends.back().erases = std::move(erases);
  in.entries = 0;
}

checkpoint_entry queue_machine::snapshot(const partition_state& in) const {
  auto entry = checkpoint_entry{};
  entry.queue = options_.id;
  entry.next = in.log.next();
  entry.next_sequence = in.next_sequence;
  entry.publishers = in.log.publishers();
  for (const auto& x : in.log.segments())
    if (!x.is_done()) x.settled_runs(entry.settled);
  auto start = partition_start(in.log.partition());
  auto end = partition_start(in.log.partition() + 1);
  auto part = [&](const auto& all) {
    return std::decay_t<decltype(all)>{
      all.lower_bound(start), all.lower_bound(end)};
  };
  entry.attempts = part(retries_.attempts());
  entry.waiting = part(retries_.waiting());
  return entry;
}

} // namespace troupe
