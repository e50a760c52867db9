#include "engine/delivery/queue_machine.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace troupe {

queue_machine::queue_machine(queue_options options)
  : options_{std::move(options)}, roster_{options_.is_single_active} {
  assert(options_.key || options_.by_priority || options_.partitions == 1);
  assert(!options_.key || !options_.by_priority);
  assert(options_.partitions <= 256);
  for (unsigned i = 0; i < options_.partitions; ++i)
    partitions_.emplace_back(
      static_cast<std::uint16_t>(i), options_.lends_unstored);
  if (options_.dedup) seen_.emplace(*options_.dedup);
}

// -- publishing

void queue_machine::on_publish(publish what, time_point now) {
  now_ = now;
  auto& to = partitions_[what.partition];
  auto answer = confirm{what.ticket};
  auto fresh =
    to.log.without_repeats(what.publisher, what.sequences, what.messages);
  auto kept = fresh ? fresh->size() : 0;
  figures_.repeats_dropped += what.messages->size() - kept;
  if (fresh && (seen_ || has_limits()))
    fresh = take_in(what, std::move(fresh), answer);
  if (fresh) {
    accept(std::move(what), std::move(answer), std::move(fresh));
  } else if (to.sent.empty() || !answer.refused.empty()) {
    confirm_or_hold(std::move(answer));
  } else {
    // What it repeats may not be on disk yet, but no later than this.
    to.sent.back().confirms.push_back(std::move(answer));
  }
}

void queue_machine::accept(publish&& what, confirm answer, batch_ptr fresh) {
  auto& to = partitions_[what.partition];
  auto last = what.sequences.empty() ? 0 : what.sequences.back();
  to.log.note_publisher(what.publisher, last);
  auto& added = to.log.append(fresh, now_);
  added.set_expirations(what.has_expirations, what.is_delayed);
  if (options_.max_bytes > 0) added.measure();
  figures_.published += added.count();
  figures_.length += added.count();
  figures_.resident_bytes += fresh->bytes().size();
  figures_.ready_bytes += added.bytes({added.first(), added.count()});
  if (!options_.is_durable) {
    accept_in_memory(to, added, std::move(answer));
    return;
  }
  if (to.log.may_offer(added)) {
    note_expirations(added, *fresh);
  } else {
    unstored_ += added.count();
    unstored_bytes_ += added.bytes({added.first(), added.count()});
  }
  auto entry = publish_entry{
    options_.id,
    added.first(),
    now_,
    std::move(what.publisher),
    last,
    std::move(fresh),
    what.has_expirations,
    what.is_delayed};
  auto note = sent_entry{sent_entry::kind::publish, {}, {}, 0, {}, {}, 0};
  if (options_.confirm_early)
    confirm_or_hold(std::move(answer));
  else
    note.confirms.push_back(std::move(answer));
  append(to, std::move(entry), std::move(note));
}

/// What is beyond a memory queue's share of the memory goes to the store, and
/// its publisher waits for that.
void queue_machine::accept_in_memory(
  partition_state& to, segment& added, confirm answer) {
  to.log.on_stored(++memory_index_);
  note_expirations(added, *added.messages());
  if (figures_.resident_bytes <= options_.resident_limit) {
    confirm_or_hold(std::move(answer));
    return;
  }
  auto first = added.first();
  append(
    to,
    publish_entry{
      options_.id,
      first,
      now_,
      {},
      0,
      added.messages(),
      added.has_expirations(),
      added.is_delayed()},
    {sent_entry::kind::spill, {std::move(answer)}, {}, 0, {}, {}, first});
  out_.appends.back().is_spill = true;
}

void queue_machine::append(
  partition_state& to, log_entry&& entry, sent_entry&& note) {
  out_.appends.push_back({to.log.partition(), std::move(entry), {}});
  if (note.what == sent_entry::kind::settle) ++to.settles_sent;
  to.sent.push_back(std::move(note));
  ++to.entries;
  to.claims_unlent = false; // whatever stands behind a checkpoint ends that
}

void queue_machine::on_stored(std::uint16_t partition, log_index index) {
  auto& in = partitions_[partition];
  assert(!in.sent.empty());
  auto sent = std::move(in.sent.front());
  in.sent.pop_front();
  if (sent.what == sent_entry::kind::spill) {
    on_spill_stored(in, std::move(sent), index);
    return;
  }
  if (!options_.is_durable) index = ++memory_index_;
  for (auto& answer : sent.confirms) confirm_or_hold(std::move(answer));
  if (sent.what == sent_entry::kind::publish) {
    on_publish_stored(in, index);
  } else if (sent.what == sent_entry::kind::settle) {
    --in.settles_sent;
    on_settle_stored(in, std::move(sent), index);
  } else if (auto before = std::exchange(in.last_checkpoint, index)) {
    in.settles.push_back(*before); // to be erased with the next checkpoint
  }
  checkpoint_if_due(in);
}

void queue_machine::on_publish_stored(partition_state& in, log_index index) {
  auto was_offered = in.log.may_offer(in.log.next_stored());
  auto& stored = in.log.on_stored(index);
  stored.set_in_store();
  if (stored.is_done()) { // settled before it came here
    in.erasable.push_back(index);
    in.log.forget_done();
    return;
  }
  if (!was_offered) make_ready(stored);
  auto is_over = figures_.resident_bytes > options_.resident_limit;
  if (is_over && stored.first() > in.log.cursor())
    drop_bodies(stored);
  else
    drop_if_over(in, stored);
}

/// Offers what waited for the store.
void queue_machine::make_ready(const segment& stored) {
  auto left = position_run{stored.first(), stored.count()};
  auto bytes = stored.bytes(left);
  if (stored.has_settled()) {
    auto gone = std::vector<position_run>{};
    stored.settled_runs(gone);
    for (const auto& run : gone) {
      left.count -= run.count;
      bytes -= stored.bytes(run);
    }
  }
  unstored_ -= left.count;
  unstored_bytes_ -= bytes;
  note_expirations(stored, *stored.messages());
}

/// An index of 0 says that the store did not take it.
void queue_machine::on_spill_stored(
  partition_state& in, sent_entry&& sent, log_index index) {
  is_spilling_ = index != 0;
  for (auto& answer : sent.confirms) confirm_or_hold(std::move(answer));
  if (index == 0) return;
  auto* stored = in.log.find(sent.first);
  if (!stored || stored->is_done()) {
    out_.erases.push_back({in.log.partition(), index});
    return;
  }
  stored->set_index(index);
  stored->set_in_store();
  if (stored->first() >= in.log.cursor())
    drop_bodies(*stored);
  else
    drop_if_over(in, *stored);
  release_confirms();
}

void queue_machine::confirm_or_hold(confirm answer) {
  if (is_full())
    held_.push_back(std::move(answer));
  else
    out_.confirms.push_back(std::move(answer));
}

bool queue_machine::is_full() const {
  if (
    options_.overflow == overflow::hold && options_.max_length > 0
    && figures_.length > options_.max_length)
    return true;
  return !options_.is_durable && !is_spilling_
         && figures_.resident_bytes > options_.resident_limit;
}

void queue_machine::release_confirms() {
  while (!held_.empty() && !is_full()) {
    out_.confirms.push_back(std::move(held_.front()));
    held_.pop_front();
  }
}

// -- answers

/// Counts what is neither settled nor on loan, waiting for a retry or dying.
std::uint64_t queue_machine::ready() const {
  return figures_.length - loans_.total() - given_ - dying_
         - retries_.waiting().size();
}

queue_actions queue_machine::take_actions() {
  if (roster_.has_activities()) out_.activities = roster_.take_activities();
  return std::move(out_); // leaves every list empty
}

queue_figures queue_machine::figures() const {
  auto now = figures_;
  now.on_loan = loans_.total();
  now.waiting = retries_.waiting().size();
  for (const auto& x : partitions_)
    now.in_flight += x.sent.size() + x.outbox.size();
  now.held_confirms = held_.size();
  now.consumers = roster_.size();
  now.getters = roster_.getters();
  now.ready = ready();
  now.unacked = now.on_loan;
  return now;
}

std::optional<time_point> queue_machine::next_due() const {
  auto due = retries_.next_due();
  auto sooner = [&](std::optional<time_point> other) {
    if (other && (!due || *other < *due)) due = other;
  };
  sooner(expiries_.next_due());
  if (options_.message_ttl)
    for (const auto& in : partitions_) sooner(first_expiry(in));
  return due;
}

std::vector<std::pair<std::uint16_t, log_index>>
queue_machine::stored_entries() const {
  auto all = std::vector<std::pair<std::uint16_t, log_index>>{};
  for (const auto& in : partitions_) {
    auto add = [&](log_index index) {
      all.emplace_back(in.log.partition(), index);
    };
    for (const auto& x : in.log.segments())
      if (x.is_in_store() && !x.is_done()) add(x.index());
    if (!options_.is_durable) continue;
    std::ranges::for_each(in.erasable, add);
    std::ranges::for_each(in.settles, add);
    if (in.last_checkpoint) add(*in.last_checkpoint);
  }
  return all;
}

} // namespace troupe
