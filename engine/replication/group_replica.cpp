#include "engine/replication/group_replica.hpp"

#include <algorithm>

namespace troupe {

using namespace cluster;

namespace {

epoch_runs to_runs(const replica_mark& mark, log_index last) {
  auto made = epoch_runs{log_mark{mark.base_epoch, mark.base}};
  for (std::size_t i = 0; i < mark.runs.size(); ++i) {
    auto [first, epoch] = mark.runs[i];
    auto is_last = i + 1 == mark.runs.size();
    auto end = is_last ? last + 1 : std::min(mark.runs[i + 1].first, last + 1);
    if (end > first) made.append(epoch, end - first);
  }
  return made;
}

/// What a node had before it was in a cluster is of one epoch, and all of it
/// has taken effect.
replica_mark mark_of_single_node(log_index last) {
  auto made = replica_mark{};
  if (last > 0) made.runs.emplace_back(1, single_node_epoch);
  made.epoch = last > 0 ? single_node_epoch : 0;
  made.was_stopped_cleanly = true;
  return made;
}

replica_mark epoch_alone(std::uint64_t epoch) {
  auto made = replica_mark{};
  made.epoch = epoch;
  return made;
}

} // namespace

result<group_replica> group_replica::open(
  const options& with, const log_store& store, local_time now) {
  auto stored = store.mark(with.group);
  if (!stored) return stored.error();
  auto applied = store.applied(with.group);
  if (!applied) return applied.error();
  auto last = store.last_index(with.group);
  auto mark = stored->value_or(mark_of_single_node(last));
  auto kept = kept_log{};
  kept.epoch = mark.epoch;
  kept.runs = to_runs(mark, last);
  kept.was_stopped_cleanly = mark.was_stopped_cleanly;
  if (!*stored) applied->index = last;
  auto partial = store.partial(with.group);
  if (!partial) return partial.error();
  if (*partial) {
    const auto& x = **partial;
    kept.partial =
      follower_progress::checkpoint{log_mark{x.of.epoch, x.of.index}, x.next};
  }
  return group_replica{
    with, kept, std::move(*applied), std::move(*partial), now};
}

group_replica::group_replica(
  const options& with,
  const kept_log& kept,
  applied_mark applied,
  std::optional<partial_checkpoint> partial,
  local_time now)
  : options_{with},
    machine_{with.machine, kept, now},
    tail_{with.tail_bytes},
    kept_{std::move(partial)},
    stored_{kept.runs.last()},
    committed_{applied.index},
    applied_{applied.index},
    marked_{applied.index},
    ended_{applied.index},
    to_erase_{applied.to_erase} {
  tail_.reset(kept.runs.last());
  // From now on a stop is not a clean one; and what a node did on its own is
  // not to be done again.
  job_.applied.emplace_back(options_.group, applied_so_far());
  job_.sync = has_job_ = has_new_mark_ = true;
  close_job();
}

// -- events

refusal group_replica::append(
  std::vector<encoded_entry> entries, std::uint64_t number, local_time now) {
  for (const auto& x : entries)
    if (epoch_of(x.head) != machine_.epoch()) return refusal::not_leader;
  auto count = static_cast<std::uint32_t>(entries.size());
  auto has_body = [](const encoded_entry& x) { return x.body != nullptr; };
  auto adds = std::ranges::any_of(entries, has_body);
  auto answer = machine_.on_append(
    count, now, adds ? append_kind::adds : append_kind::settles);
  if (answer.why != refusal::none) return answer.why;
  for (auto& x : entries) add(std::move(x), answer.branch);
  tickets_.push_back({number, answer.first, answer.first + count - 1});
  obey(now);
  return refusal::none;
}

void group_replica::on_message(
  member_id from, const replica_message& what, local_time now) {
  if (auto* x = std::get_if<full_append>(&what)) take(from, *x, now);
  if (auto* x = std::get_if<ack>(&what)) machine_.on_message(from, *x, now);
  if (auto* x = std::get_if<reject>(&what)) machine_.on_message(from, *x, now);
  if (auto* x = std::get_if<release>(&what)) machine_.on_message(from, *x, now);
  if (auto* x = std::get_if<full_chunk>(&what)) take(from, *x, now);
  if (auto* x = std::get_if<chunk_ack>(&what))
    machine_.on_message(from, *x, now);
  if (auto* x = std::get_if<log_sums>(&what)) compare(*x, now);
  obey(now);
}

/// Entries that are not what the message says would end as another log.
void group_replica::take(
  member_id from, const full_append& what, local_time now) {
  auto is_sound = [&](std::string_view raw) {
    return epoch_of(raw) == what.head.entries_epoch && unseal(raw);
  };
  if (
    what.entries.size() != what.head.count
    || !std::ranges::all_of(what.entries, is_sound))
    return;
  incoming_ = &what;
  machine_.on_message(from, what.head, now);
  obey(now);
  incoming_ = nullptr;
}

void group_replica::on_written(std::uint64_t number, local_time now) {
  while (!writing_.empty() && writing_.front().first <= number) {
    auto done = std::move(writing_.front().second);
    writing_.pop_front();
    stored_ = std::max(stored_, done.stored);
    if (done.is_dropped) machine_.on_dropped(now);
    if (done.epoch) machine_.on_epoch_persisted(*done.epoch, now);
    if (done.synced)
      machine_.on_synced(done.synced->first, done.synced->second, now);
    if (done.applied > 0) end_tickets(done.applied);
    if (done.piece)
      machine_.on_chunk_stored(done.piece->first, done.piece->second, now);
    if (!done.installed) continue;
    begin_at(*done.installed);
    machine_.on_installed(*done.installed, now);
  }
  obey(now);
}

// -- the machine's actions

void group_replica::obey(local_time now) {
  machine_.take_actions(actions_);
  for (const auto& x : actions_)
    std::visit([this](const auto& what) { carry_out(what); }, x);
  close_job();
  apply_on();
  if (applied_ < offered_ + options_.trim_every) return;
  offered_ = applied_;
  machine_.on_trimmable(applied_, now);
  obey(now);
}

void group_replica::carry_out(const send_ack& what) {
  send(what.to, what.what);
}

void group_replica::carry_out(const send_reject& what) {
  send(what.to, what.what);
}

void group_replica::carry_out(const send_release& what) {
  send(what.to, what.what);
}

void group_replica::carry_out(const persist_epoch& what) {
  told_.epoch = what.epoch;
  has_job_ = has_new_mark_ = job_.sync = true;
}

void group_replica::carry_out(const truncate& what) {
  if (!job_.appends.empty()) close_job();
  job_.truncations.push_back({options_.group, what.first});
  tail_.truncate(what.first);
  stored_ = std::min(stored_, what.first - 1);
  for (auto& [number, x] : writing_)
    x.stored = std::min(x.stored, what.first - 1);
  has_job_ = has_new_mark_ = job_.sync = true;
}

void group_replica::carry_out(const write_entries& what) {
  auto before = incoming_->head.previous.index + 1;
  for (auto i = what.first; i <= what.last; ++i)
    add({std::string{incoming_->entries[i - before]}, nullptr}, what.branch);
}

void group_replica::carry_out(const append_noop& what) {
  add(encode_noop(what.at.epoch), what.branch);
}

void group_replica::carry_out(const commit& what) {
  committed_ = what.up_to;
  if (kept_ && !installing_ && kept_->of.index <= committed_) drop_pieces();
}

void group_replica::carry_out(const trim&) {
  has_job_ = has_new_mark_ = true;
  erase_trimmed();
}

/// The record has no place for this member: all it has of the group goes.
void group_replica::carry_out(const drop_log&) {
  if (has_job_) close_job();
  job_.drops.push_back(options_.group);
  // But for the epoch: who forgot it might lead the same one twice.
  job_.marks.emplace_back(options_.group, epoch_alone(machine_.epoch()));
  told_.is_dropped = has_job_ = job_.sync = true;
  tail_.reset(0);
  kept_.reset();
  installing_.reset();
  forget_log();
}

void group_replica::carry_out(const became& what) {
  if (!is_leader(what.role)) {
    lose_tickets();
    fetched_.clear();
  }
  out_.others.push_back(what);
}

// -- writing

void group_replica::add(encoded_entry entry, std::uint64_t branch) {
  // A follower keeps runs by what it is told; so does the mark.
  auto last = tail_.end();
  const auto& runs = machine_.log().runs();
  has_new_mark_ |= !runs.empty() && runs.back().first >= last;
  job_.appends.push_back({options_.group, entry});
  tail_.add(std::move(entry));
  told_.synced = {branch, last};
  told_.stored = last;
  has_job_ = job_.sync = true;
}

/// Hands over what was put together, as one commit.
void group_replica::close_job() {
  if (!has_job_) return;
  if (has_new_mark_) job_.marks.emplace_back(options_.group, mark());
  out_.writes.push_back({++jobs_, std::exchange(job_, no_job())});
  writing_.emplace_back(jobs_, std::exchange(told_, {}));
  has_job_ = has_new_mark_ = false;
}

commit_request group_replica::no_job() {
  auto made = commit_request{};
  made.sync = false;
  return made;
}

replica_mark group_replica::mark() const {
  const auto& log = machine_.log();
  auto made = replica_mark{};
  made.epoch = machine_.epoch();
  if (installing_) { // as if it were done: a start would finish it
    made.base = installing_->index;
    made.base_epoch = installing_->epoch;
    return made;
  }
  made.base = log.base().index;
  made.base_epoch = log.base().epoch;
  for (const auto& x : log.runs()) made.runs.emplace_back(x.first, x.epoch);
  return made;
}

void group_replica::stop() {
  auto made = commit_request{};
  made.marks.emplace_back(options_.group, mark());
  made.marks.back().second.was_stopped_cleanly = true;
  if (!installing_) // the store has the checkpoint's own
    made.applied.emplace_back(options_.group, applied_so_far());
  out_.writes.push_back({++jobs_, std::move(made)});
}

// -- messages and reads

void group_replica::send(member_id to, replica_message what) {
  out_.messages.emplace_back(
    to, encode(group_message{options_.group, std::move(what)}));
}

void group_replica::read(reading what) {
  out_.reads.push_back({++reads_, what.from, what.last});
  reading_.emplace(reads_, std::move(what));
}

void group_replica::on_read(
  std::uint64_t number,
  const std::vector<log_store::raw_entry>& entries,
  local_time now) {
  auto found = reading_.extract(number);
  if (!found || entries.empty()) return;
  auto& what = found.mapped();
  std::visit([&](auto& why) { finish(what, why, entries, now); }, what.why);
  obey(now);
}

} // namespace troupe
