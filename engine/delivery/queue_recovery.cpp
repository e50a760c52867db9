#include "engine/delivery/queue_machine.hpp"

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
  auto bytes = entry.messages->bytes().size();
  auto keep = figures_.resident_bytes + bytes <= options_.resident_limit;
  figures_.length += entry.messages->size();
  if (keep) figures_.resident_bytes += bytes;
  in.log.restore(std::move(entry), index, keep);
}

void queue_machine::restore(
  partition_state& in, log_index index, settle_entry&& entry) {
  for (const auto& run : entry.settled) settle(in, run);
  for (const auto& record : entry.retries) {
    auto* of = in.log.find(record.at);
    if (of && !of->is_settled(record.at)) retries_.add(record);
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
  in.log.restore(entry);
  in.next_sequence = std::max(in.next_sequence, entry.next_sequence);
  for (const auto& run : entry.settled) settle(in, run);
  auto start = partition_start(in.log.partition());
  auto end = partition_start(in.log.partition() + 1);
  retries_.replace(start, end, entry.attempts, entry.waiting);
  in.entries = 0;
  if (auto before = std::exchange(in.last_checkpoint, index))
    in.settles.push_back(*before);
}

void queue_machine::restored() {
  for (auto& in : partitions_) in.log.rewind();
}

} // namespace troupe
