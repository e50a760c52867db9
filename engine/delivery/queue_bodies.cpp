#include "engine/delivery/queue_machine.hpp"

#include <algorithm>

// queue_machine: which bodies are in memory.

namespace troupe {

namespace {

// Segments asked back from the store ahead of their turn: about half a
// megabyte, so that a drain does not wait for each read.
constexpr std::size_t segments_read_ahead = 8;

} // namespace

void queue_machine::on_loaded(
  std::uint16_t partition, position first, batch_ptr messages) {
  auto* to = partitions_[partition].log.find(first);
  if (!to || to->messages() || to->is_done()) return;
  to->set_loading(false);
  figures_.resident_bytes += messages->bytes().size();
  to->set_messages(std::move(messages));
}

bool queue_machine::is_at_hand(segment& x) {
  if (x.messages()) return true;
  is_blocked_ = true;
  if (!x.is_loading()) {
    x.set_loading(true);
    out_.fetches.push_back({partition_of(x.first()), x.index(), x.first()});
  }
  return false;
}

void queue_machine::read_ahead(partition_state& in, const segment& from) {
  auto& all = in.log.segments();
  auto at = std::ranges::lower_bound(all, from.first(), {}, &segment::first);
  for (std::size_t i = 0; i < segments_read_ahead; ++i, ++at) {
    if (at == all.end() || at->index() == 0) return;
    if (!at->is_done()) is_at_hand(*at);
  }
}

void queue_machine::drop_bodies(segment& x) {
  if (!x.messages()) return;
  figures_.resident_bytes -= x.messages()->bytes().size();
  x.set_messages(nullptr);
}

/// Drops bodies that were lent, where memory is short: deliveries hold their
/// own, and what comes back is read back.
void queue_machine::drop_if_over(const partition_state& in, segment& x) {
  auto is_over = figures_.resident_bytes > options_.resident_limit;
  auto is_behind = x.end() <= in.log.cursor();
  if (is_over && is_behind && x.is_in_store() && x.loans() == 0) drop_bodies(x);
}

} // namespace troupe
