#include "engine/cluster/publisher_table.hpp"

#include <algorithm>
#include <vector>

namespace troupe::cluster {

numbering_answer publisher_table::judge(
  std::string_view publisher, publisher_mark first, std::uint64_t count) const {
  auto found = places_.find(publisher);
  auto is_known = found != places_.end();
  auto last = is_known ? found->second.last : publisher_mark{first.epoch, 0};
  if (first.epoch < last.epoch) return {numbering::outdated};
  if (first.epoch > last.epoch) last = {first.epoch, 0};
  auto expected = last.sequence + 1;
  // A count that was begun and is not known was expired, with what it said.
  if (!is_known && first.sequence > 1) return {numbering::forgotten};
  if (first.sequence > expected) return {numbering::out_of_order, 0, expected};
  auto repeats = expected - first.sequence;
  if (repeats >= count) return {numbering::repeat};
  return {numbering::next, repeats};
}

void publisher_table::apply(
  std::string_view publisher, publisher_mark last, log_index index) {
  auto found = places_.find(publisher);
  if (found == places_.end()) {
    places_.emplace(publisher, place{last, index});
    return;
  }
  auto& known = found->second;
  auto is_newer =
    last.epoch > known.last.epoch
    || (last.epoch == known.last.epoch && last.sequence > known.last.sequence);
  if (is_newer) known = {last, index};
}

void publisher_table::expire_below(log_index index) {
  std::erase_if(places_, [&](const auto& x) { return x.second.index < index; });
}

log_index publisher_table::expiry(std::size_t keep) const {
  if (places_.size() <= keep) return 0;
  auto indexes = std::vector<log_index>{};
  for (const auto& [name, x] : places_) indexes.push_back(x.index);
  auto first_kept =
    indexes.begin() + static_cast<std::ptrdiff_t>(indexes.size() - keep);
  if (keep == 0) return *std::ranges::max_element(indexes) + 1;
  std::ranges::nth_element(indexes, first_kept);
  return *first_kept;
}

} // namespace troupe::cluster
