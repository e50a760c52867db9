#include "engine/delivery/queue_machine.hpp"
#include "engine/message/properties.hpp"

#include <algorithm>

namespace troupe {

void queue_machine::restore(
  std::uint16_t partition, log_index index, log_entry&& entry) {
  auto& in = partitions_[partition];
  ++in.entries;
  std::visit(
    [&](auto&& x) { restore(in, index, std::forward<decltype(x)>(x)); },
    std::move(entry));
}

void queue_machine::restore(
  partition_state& in, log_index index, publish_entry&& entry) {
  in.claims_unlent = false;
  auto bytes = entry.messages->bytes().size();
  auto messages = entry.messages;
  figures_.length += messages->size();
  if (seen_) restore_dedup(entry);
  auto& added = in.log.restore(std::move(entry), index);
  if (options_.max_bytes > 0) added.measure();
  note_expirations(added, *messages);
  if (figures_.resident_bytes + bytes <= options_.resident_limit)
    figures_.resident_bytes += bytes;
  else
    added.set_messages(nullptr);
}

void queue_machine::restore_dedup(const publish_entry& entry) {
  auto partition = partition_of(entry.first);
  for (std::size_t i = 0; i < entry.messages->size(); ++i) {
    auto header = find_header(
      (*entry.messages)[i].encoded_properties(), seen_->rule().header);
    if (auto value = header ? to_text(*header) : std::nullopt)
      seen_->is_repeat(*value, partition, entry.published_at);
  }
}

void queue_machine::restore(
  partition_state& in, log_index index, settle_entry&& entry) {
  in.claims_unlent = false;
  for (const auto& run : entry.settled) settle(in, run);
  for (const auto& record : entry.retries) {
    auto* of = in.log.find(record.at);
    if (of && !of->is_settled(record.at)) retries_.add(record);
  }
  for (const auto& run : entry.requeued)
    for (std::uint32_t i = 0; i < run.count; ++i) {
      auto* of = in.log.find(run.first + i);
      if (of && !of->is_settled(run.first + i)) ++deliveries_[run.first + i];
    }
  for (auto& what : entry.emits) {
    auto next = what.sequences.back() + 1;
    in.next_sequence = std::max(in.next_sequence, next);
    ++in.outbox[index];
    out_.forwards.push_back({in.log.partition(), index, std::move(what)});
  }
  in.settles.push_back(index);
}

void queue_machine::restore(
  partition_state& in, log_index index, checkpoint_entry&& entry) {
  in.claims_unlent = true;
  in.maybe_lent = entry.lent_to;
  in.log.restore(entry);
  in.next_sequence = std::max(in.next_sequence, entry.next_sequence);
  for (const auto& run : entry.settled) settle(in, run);
  auto first = partition_start(in.log.partition());
  auto last = partition_last(in.log.partition());
  retries_.replace(first, last, entry.attempts, entry.waiting);
  boost::unordered::erase_if(deliveries_, [&](const auto& x) {
    return x.first >= first && x.first <= last;
  });
  deliveries_.insert(entry.deliveries.begin(), entry.deliveries.end());
  if (seen_)
    for (const auto& [value, at] : entry.seen)
      seen_->is_repeat(value, in.log.partition(), at);
  in.entries = 0;
  if (auto before = std::exchange(in.last_checkpoint, index))
    in.settles.push_back(*before);
}

void queue_machine::restored() {
  for (auto& in : partitions_) {
    in.log.rewind();
    // Without a checkpoint at the very end nobody knows what was lent.
    if (!in.claims_unlent) in.maybe_lent = in.log.next();
    in.offered = in.log.next();
    figures_.ready_bytes += ready_bytes_in(in);
  }
}

std::uint64_t queue_machine::ready_bytes_in(const partition_state& in) const {
  auto bytes = std::uint64_t{0};
  auto settled = std::vector<position_run>{};
  for (const auto& x : in.log.segments()) {
    if (x.is_done()) continue;
    bytes += x.bytes({x.first(), x.count()});
    settled.clear();
    x.settled_runs(settled);
    for (const auto& run : settled) bytes -= x.bytes(run);
    auto waits = retries_.waiting().lower_bound(x.first());
    for (; waits != retries_.waiting().end() && waits->first < x.end(); ++waits)
      bytes -= x.bytes({waits->first, 1});
  }
  return bytes;
}

} // namespace troupe
