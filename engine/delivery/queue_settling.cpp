#include "engine/delivery/dead_letter.hpp"
#include "engine/delivery/queue_machine.hpp"

#include <algorithm>

namespace troupe {

void queue_machine::on_settle(
  consumer_id from,
  std::uint64_t number,
  settlement what,
  time_point now,
  double random) {
  auto* by = roster_.find(from);
  if (!by) return;
  now_ = now;
  auto& in = partitions_[what.partition];
  auto entry = settle_entry{};
  entry.queue = options_.id;
  ack(in, entry, *by, what);
  auto end = [&](const position_run& run, auto&& what_then) {
    for (const auto& part : loans_.take_back(from, run)) {
      by->outstanding -= part.count;
      what_then(part);
    }
  };
  for (const auto& failed : what.failed)
    end({failed.at, 1}, [&](const auto&) {
      fail(in, entry, failed, by->asked, {now, random});
    });
  auto back = [&](const std::vector<position_run>& runs, came_back how) {
    for (const auto& run : runs)
      end(run, [&](const position_run& part) {
        end_loans(part, by->asked);
        come_back(in, entry, part, how);
      });
  };
  back(what.returned, came_back::uncounted);
  back(what.unseen, came_back::unseen);
  back(what.requeued, came_back::counted);
  for (const auto& run : what.rejected)
    end(run, [&](const position_run& part) {
      end_loans(part, by->asked);
      die(in, entry, part, death_reason::rejected);
    });
  roster_.refresh(*by);
  commit(in, std::move(entry), from, number);
  release_confirms();
}

/// Acks are one commit with what they emit and change: where any of them is no
/// longer this consumer's to ack, none counts.
void queue_machine::ack(
  partition_state& in, settle_entry& entry, consumer& by, settlement& what) {
  auto parts = std::vector<position_run>{};
  auto missing = std::uint64_t{0};
  for (const auto& run : what.acked) {
    missing += run.count;
    for (const auto& part : loans_.take_back(by.asked.id, run)) {
      missing -= part.count;
      by.outstanding -= part.count;
      parts.push_back(part);
    }
  }
  for (const auto& part : parts) {
    end_loans(part, by.asked);
    if (missing > 0) {
      come_back(in, entry, part, came_back::uncounted);
    } else {
      figures_.acked += part.count;
      settle(in, part);
    }
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
  auto* by = roster_.find(from);
  if (!by) return;
  now_ = now;
  if (crash) charge(*by, *crash, {now, random});
  auto entries = open_entries{};
  auto how = crash ? came_back::uncounted : came_back::counted;
  for (const auto& run : loans_.take_back_all(from)) {
    auto& in = partition(run.first);
    end_loans(run, by->asked);
    come_back(in, entry_of(entries, in), run, how);
  }
  commit(std::move(entries));
  std::erase_if(asks_, [&](const ask& x) { return x.from == from; });
  roster_.remove(from);
}

void queue_machine::charge(
  consumer& by,
  failure crash,
  const std::pair<time_point, double>& now_random) {
  auto id = by.asked.id;
  if (crash.at == 0) crash.at = loans_.oldest(id).value_or(0);
  if (loans_.take_back(id, {crash.at, 1}).empty()) return;
  auto& in = partition(crash.at);
  auto entry = settle_entry{};
  entry.queue = options_.id;
  if (by.asked.dead_output.empty()) { // no stage, whose policy tries it again
    end_loans({crash.at, 1}, by.asked);
    come_back(in, entry, {crash.at, 1}, came_back::counted);
  } else {
    fail(in, entry, crash, by.asked, now_random);
  }
  commit(in, std::move(entry), id, 0);
}

void queue_machine::on_forwarded(std::uint16_t partition, log_index index) {
  auto& in = partitions_[partition];
  auto found = in.outbox.find(index);
  if (found != in.outbox.end() && --found->second == 0) in.outbox.erase(found);
}

void queue_machine::on_time(time_point now) {
  now_ = now;
  auto entries = open_entries{};
  for (auto at : retries_.take_due(now)) {
    auto& in = partition(at);
    auto* from = in.log.find(at);
    auto is_offered = options_.key || at < in.log.cursor();
    if (is_offered && !options_.key && is_expired(*from, at)) {
      die(in, entry_of(entries, in), {at, 1}, death_reason::expired);
      continue;
    }
    figures_.ready_bytes += from->bytes({at, 1});
    if (options_.key)
      lanes_.on_due(at);
    else if (is_offered)
      returned_.insert(at);
  }
  commit(std::move(entries));
  expire();
}

// -- one message

void queue_machine::end_loans(const position_run& run, const subscription& of) {
  auto& in = partition(run.first);
  auto* from = in.log.find(run.first);
  if (!of.dead_output.empty()) from->add_loans(-std::int64_t{run.count});
  drop_if_over(in, *from);
}

void queue_machine::settle(partition_state& in, const position_run& run) {
  auto end = run.first + run.count;
  for (auto at = run.first; at < end;) {
    auto* from = in.log.find_from(at);
    if (!from || from->first() >= end) return;
    at = std::max(at, from->first());
    auto next = std::min(end, from->end());
    settle(in, *from, {at, static_cast<std::uint32_t>(next - at)});
    at = next;
  }
}

void queue_machine::settle(
  partition_state& in, segment& from, const position_run& run) {
  auto is_plain = retries_.is_empty() && deliveries_.empty() && overdue_.empty()
                  && doomed_.empty();
  if (!is_plain)
    for (std::uint32_t i = 0; i < run.count; ++i) forget(run.first + i);
  auto gone = from.settle(run);
  figures_.length -= gone;
  if (!in.log.may_offer(from) && gone > 0) {
    unstored_ -= gone;
    unstored_bytes_ -= from.bytes(run);
  }
  if (!from.is_done()) return;
  drop_bodies(from);
  if (from.index() == 0) return; // it is still on its way to the store
  if (options_.is_durable)
    in.erasable.push_back(from.index());
  else if (from.is_in_store())
    out_.erases.push_back({in.log.partition(), from.index()});
  in.log.forget_done();
}

/// Forgets all that is known of a single message.
void queue_machine::forget(position at) {
  retries_.remove(at);
  deliveries_.erase(at);
  overdue_.erase(at);
  doomed_.erase(at);
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
  end_loans({what.at, 1}, by);
  retries_.add(record);
  if (options_.key) lanes_.on_parked(what.at);
  entry.retries.push_back(std::move(record));
  ++figures_.retried;
}

/// A consumer that names no output for its dead letters leaves them to the
/// queue's own rule.
void queue_machine::dead_letter(
  partition_state& in,
  settle_entry& entry,
  const failure& what,
  const subscription& by) {
  if (by.dead_output.empty()) {
    end_loans({what.at, 1}, by);
    auto is_rejected = what.why.error_class == "rejected";
    die(
      in, entry, {what.at, 1},
      is_rejected ? death_reason::rejected : death_reason::delivery_limit);
    return;
  }
  auto history = retries_.remove(what.at);
  history.push_back(what.why);
  auto* from = in.log.find(what.at);
  auto dead = (*from->messages())[what.at - from->first()];
  emit(
    in, entry,
    {by.dead_output, make_dead_letter(dead, options_.name, history)});
  end_loans({what.at, 1}, by);
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

// -- what comes back

/// Puts messages back to their place, but those that came back too often or
/// whose time has run out.
void queue_machine::come_back(
  partition_state& in,
  settle_entry& entry,
  const position_run& run,
  came_back how) {
  auto is_kept = options_.counts_deliveries || options_.delivery_limit;
  if (how == came_back::counted && is_kept) entry.requeued.push_back(run);
  for (std::uint32_t i = 0; i < run.count; ++i) {
    auto at = run.first + i;
    auto* from = in.log.find(at);
    if (is_one_too_many(at, how)) {
      die(in, entry, {at, 1}, death_reason::delivery_limit);
    } else if (is_expired(*from, at)) {
      die(in, entry, {at, 1}, death_reason::expired);
    } else {
      figures_.ready_bytes += from->bytes({at, 1});
      put_back(at);
    }
  }
}

/// Notes that a message was delivered in vain; says whether that was once too
/// often.
bool queue_machine::is_one_too_many(position at, came_back how) {
  if (how == came_back::unseen) return false;
  auto& count = deliveries_[at];
  if (how == came_back::counted) ++count;
  return options_.delivery_limit && count > *options_.delivery_limit;
}

void queue_machine::put_back(position at) {
  if (options_.key)
    lanes_.on_returned(at);
  else
    returned_.insert(at);
}

} // namespace troupe
