#include "engine/replication/group_replica.hpp"

#include <algorithm>

// group_replica: a leader's entries on their way to followers.

namespace troupe {

using namespace cluster;

/// Sends as much of it as the follower's window in bytes takes and is at hand;
/// the machine asks for the rest again.
void group_replica::carry_out(const send_append& what) {
  if (!machine_.is_next(what.to, what.what)) return; // behind what is held
  auto bytes = std::uint64_t{0};
  auto count = part_to_send(what.to, what.what, bytes);
  if (what.what.count > 0) {
    machine_.on_sent(what.to, what.what, count, bytes);
    if (count == 0) return;
  }
  send_part(what.to, what.what, count);
  let_go_of_fetched(what.to, what.what.previous.index + count + 1);
}

/// Counts the entries that can be sent now, and their bytes. Has those read
/// that are not in memory.
std::uint32_t group_replica::part_to_send(
  member_id to, const cluster::append& what, std::uint64_t& bytes) {
  auto room = machine_.byte_room(to);
  auto has_none_out = room == options_.machine.window_bytes;
  auto first = what.previous.index + 1;
  for (std::uint32_t i = 0; i < what.count; ++i) {
    auto size = size_for(to, first + i);
    if (!size) {
      if (i == 0) fetch(to, what);
      return i;
    }
    auto fits = bytes + *size <= room || (i == 0 && has_none_out);
    if (!fits) return i;
    bytes += *size;
  }
  return what.count;
}

/// Returns nothing where the entry is not in memory.
std::optional<std::size_t>
group_replica::size_for(member_id to, log_index index) const {
  if (auto* entry = tail_.find(index)) return entry->size();
  auto known = fetched_.find(to);
  if (known == fetched_.end() || index < known->second.first)
    return std::nullopt;
  auto nth = index - known->second.first;
  const auto& entries = known->second.entries;
  if (nth >= entries.size()) return std::nullopt;
  return entries[nth].size();
}

/// Reads for a follower go one after another, so that what comes of them is in
/// order, and bounded.
void group_replica::fetch(member_id to, const cluster::append& what) {
  auto is_under_way = std::ranges::any_of(reading_, [&](const auto& x) {
    const auto* of = std::get_if<sending>(&x.second.why);
    return of && of->to == to && of->epoch == what.epoch;
  });
  if (is_under_way) return;
  fetched_.erase(to);
  auto first = what.previous.index + 1;
  auto last = std::min(first + what.count, tail_.first()) - 1;
  read({first, last, sending{to, what.epoch}});
}

/// Keeps what was read, up to what is erased meanwhile: that comes with a
/// checkpoint.
void group_replica::finish(
  const reading& what,
  sending& why,
  const std::vector<log_store::raw_entry>& entries,
  local_time now) {
  auto is_ours = is_leader(machine_.role()) && machine_.epoch() == why.epoch;
  if (!is_ours) return;
  auto is_erased = [](const auto& x) { return x.empty(); };
  auto end = std::ranges::find_if(entries, is_erased);
  if (end == entries.begin()) return;
  fetched_[why.to] = {what.from, {entries.begin(), end}};
  machine_.on_sendable(why.to, now);
}

void group_replica::send_part(
  member_id to, cluster::append what, std::uint32_t count) {
  auto made = full_append{what, {}};
  made.head.count = count;
  auto whole = std::vector<std::string>{}; // heads and bodies put together
  whole.reserve(count);
  for (auto i = what.previous.index + 1; made.entries.size() < count; ++i) {
    auto* entry = tail_.find(i);
    if (!entry) {
      const auto& [first, read] = fetched_[to];
      made.entries.push_back(read[i - first]);
    } else if (!entry->body) {
      made.entries.push_back(entry->head);
    } else {
      auto& both = whole.emplace_back();
      both.reserve(entry->size());
      both.append(entry->head).append(entry->body->bytes());
      made.entries.push_back(both);
    }
  }
  send(to, std::move(made));
}

void group_replica::let_go_of_fetched(member_id to, log_index next) {
  auto known = fetched_.find(to);
  if (known == fetched_.end()) return;
  const auto& [first, entries] = known->second;
  if (next >= first + entries.size()) fetched_.erase(known);
}

} // namespace troupe
