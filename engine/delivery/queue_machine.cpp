#include "engine/delivery/queue_machine.hpp"

#include <cassert>
#include <utility>

namespace troupe {

queue_machine::queue_machine(queue_options options)
  : options_{std::move(options)} {
  assert(options_.key || options_.partitions == 1);
  for (std::uint16_t i = 0; i < options_.partitions; ++i)
    partitions_.emplace_back(i);
}

// -- publishing

void queue_machine::on_publish(publish what, time_point now) {
  auto& to = partitions_[what.partition];
  auto fresh =
    to.log.without_repeats(what.publisher, what.sequences, what.messages);
  auto kept = fresh ? fresh->size() : 0;
  figures_.repeats_dropped += what.messages->size() - kept;
  if (fresh) {
    accept(std::move(what), std::move(fresh), now);
  } else if (to.sent.empty()) {
    confirm_or_hold(what.ticket);
  } else {
    // What it repeats may not be on disk yet, but no later than this.
    to.sent.back().tickets.push_back(what.ticket);
  }
}

void queue_machine::accept(publish&& what, batch_ptr fresh, time_point now) {
  auto& to = partitions_[what.partition];
  auto last = what.sequences.empty() ? 0 : what.sequences.back();
  to.log.note_publisher(what.publisher, last);
  auto& added = to.log.append(fresh, now);
  figures_.published += added.count();
  figures_.length += added.count();
  figures_.resident_bytes += fresh->bytes().size();
  if (!options_.is_durable) {
    to.log.on_stored(++memory_index_);
    confirm_or_hold(what.ticket);
    return;
  }
  auto first = added.first();
  auto tickets = std::vector<std::uint64_t>{};
  if (options_.confirm_early)
    confirm_or_hold(what.ticket);
  else
    tickets.push_back(what.ticket);
  append(
    to,
    publish_entry{
      options_.id, first, now, std::move(what.publisher), last,
      std::move(fresh)},
    {sent_entry::kind::publish, std::move(tickets), {}, 0, {}, {}});
}

void queue_machine::append(
  partition_state& to, log_entry&& entry, sent_entry&& note) {
  out_.appends.push_back({to.log.partition(), std::move(entry), {}});
  to.sent.push_back(std::move(note));
  ++to.entries;
}

void queue_machine::on_stored(std::uint16_t partition, log_index index) {
  auto& in = partitions_[partition];
  assert(!in.sent.empty());
  if (!options_.is_durable) index = ++memory_index_;
  auto sent = std::move(in.sent.front());
  in.sent.pop_front();
  for (auto ticket : sent.tickets) confirm_or_hold(ticket);
  if (sent.what == sent_entry::kind::publish)
    on_publish_stored(in, index);
  else if (sent.what == sent_entry::kind::settle)
    on_settle_stored(in, std::move(sent), index);
  else if (auto before = std::exchange(in.last_checkpoint, index))
    in.settles.push_back(*before); // to be erased with the next checkpoint
  checkpoint_if_due(in);
}

void queue_machine::on_publish_stored(partition_state& in, log_index index) {
  auto& stored = in.log.on_stored(index);
  if (
    figures_.resident_bytes > options_.resident_limit
    && stored.first() > in.log.cursor())
    drop_bodies(stored);
}

void queue_machine::confirm_or_hold(std::uint64_t ticket) {
  if (is_full())
    held_.push_back(ticket);
  else
    out_.confirms.push_back({ticket});
}

bool queue_machine::is_full() const {
  if (options_.max_length > 0 && figures_.length > options_.max_length)
    return true;
  return !options_.is_durable
         && figures_.resident_bytes > options_.resident_limit;
}

void queue_machine::release_confirms() {
  while (!held_.empty() && !is_full()) {
    out_.confirms.push_back({held_.front()});
    held_.pop_front();
  }
}

// -- answers

queue_actions queue_machine::take_actions() { return std::exchange(out_, {}); }

queue_figures queue_machine::figures() const {
  auto now = figures_;
  now.on_loan = loans_.total();
  now.waiting = retries_.waiting().size();
  for (const auto& x : partitions_)
    now.in_flight += x.sent.size() + x.outbox.size();
  now.held_confirms = held_.size();
  now.consumers = consumers_.size();
  return now;
}

std::string queue_machine::publisher_name(std::uint16_t partition) const {
  return options_.name + '#' + std::to_string(partition);
}

} // namespace troupe
