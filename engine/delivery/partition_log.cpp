#include "engine/delivery/partition_log.hpp"

#include "engine/delivery/positions.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <string_view>

namespace troupe {

namespace {

constexpr char run_mark = '@';

} // namespace

partition_log::partition_log(std::uint16_t partition, bool offers_unstored)
  : partition_{partition},
    offers_unstored_{offers_unstored},
    next_{partition_start(partition) + 1},
    cursor_{next_} {}

batch_ptr partition_log::without_repeats(
  const std::string& publisher,
  const std::vector<std::uint64_t>& sequences,
  const batch_ptr& messages) const {
  auto known = publishers_.find(publisher);
  if (publisher.empty() || known == publishers_.end()) return messages;
  auto fresh = std::ranges::upper_bound(sequences, known->second);
  if (fresh == sequences.begin()) return messages;
  auto rest = batch_builder{};
  for (auto i = fresh - sequences.begin(); i < std::ssize(sequences); ++i)
    rest.add(*messages, static_cast<std::size_t>(i));
  return rest.take();
}

void partition_log::note_publisher(
  const std::string& publisher, std::uint64_t sequence) {
  if (publisher.empty()) return;
  auto [known, is_new] = publishers_.try_emplace(publisher);
  known->second = std::max(known->second, sequence);
  if (is_new) forget_earlier_runs(publisher);
}

void partition_log::forget_earlier_runs(const std::string& of) {
  auto ends = of.rfind(run_mark);
  if (ends == std::string::npos) return;
  auto name = std::string_view{of}.substr(0, ends + 1);
  auto at = publishers_.lower_bound(std::string{name});
  while (at != publishers_.end() && at->first.starts_with(name))
    at = at->first == of ? std::next(at) : publishers_.erase(at);
}

segment& partition_log::append(batch_ptr messages, time_point published_at) {
  auto& added =
    segments_.emplace_back(next_, published_at, std::move(messages));
  next_ = added.end();
  return added;
}

segment& partition_log::on_stored(log_index index) {
  assert(stored_ < segments_.size());
  auto& stored = segments_[stored_++];
  stored.set_index(index);
  return stored;
}

segment* partition_log::find(position at) {
  auto after = std::ranges::upper_bound(segments_, at, {}, &segment::first);
  if (after == segments_.begin()) return nullptr;
  auto& found = *std::prev(after);
  return at < found.end() ? &found : nullptr;
}

segment* partition_log::find_from(position at) {
  auto after = std::ranges::upper_bound(segments_, at, {}, &segment::first);
  if (after != segments_.begin() && at < std::prev(after)->end()) --after;
  return after == segments_.end() ? nullptr : &*after;
}

void partition_log::forget_done() {
  auto is_over = [](const segment& x) { return x.is_done() && x.index() > 0; };
  while (!segments_.empty() && is_over(segments_.front())) {
    segments_.pop_front();
    --stored_;
    if (done_ > 0) --done_;
  }
  // One old message may hold up the front for long; so that what passed it
  // does not pile up, the middle is swept whenever half of it may be gone.
  if (++done_ < 64 || done_ * 2 < segments_.size()) return;
  auto gone = std::erase_if(segments_, is_over);
  stored_ -= gone;
  done_ = 0;
}

segment* partition_log::fresh() {
  auto at = std::ranges::upper_bound(segments_, cursor_, {}, &segment::first);
  if (at != segments_.begin() && cursor_ < std::prev(at)->end()) --at;
  while (at != segments_.end() && at->is_done()) ++at;
  if (at == segments_.end() || !may_offer(*at)) return nullptr;
  cursor_ = std::max(cursor_, at->first());
  return &*at;
}

void partition_log::restore(const checkpoint_entry& checkpoint) {
  next_ = std::max(next_, checkpoint.next);
  for (const auto& [publisher, sequence] : checkpoint.publishers)
    note_publisher(publisher, sequence);
}

void partition_log::rewind() { cursor_ = partition_start(partition_) + 1; }

segment& partition_log::restore(publish_entry&& entry, log_index index) {
  note_publisher(entry.publisher, entry.last_sequence);
  auto& added = segments_.emplace_back(
    entry.first, entry.published_at, std::move(entry.messages));
  added.set_index(index);
  added.set_in_store();
  added.set_expirations(entry.has_expirations, entry.is_delayed);
  ++stored_;
  next_ = std::max(next_, added.end());
  return added;
}

} // namespace troupe
