#include "engine/delivery/position_runs.hpp"
#include "engine/delivery/queue_machine.hpp"

#include <algorithm>

// queue_machine: messages asked for one by one, and all at once for nobody.

namespace troupe {

void queue_machine::on_get(
  consumer_id from, std::uint64_t number, bool no_ack) {
  auto* by = roster_.find(from);
  if (!by || !by->asked.is_getter) return;
  asks_.push_back({from, number, no_ack});
}

void queue_machine::serve_gets() {
  while (!asks_.empty()) {
    if (!serve(asks_.front())) return;
    asks_.pop_front();
  }
}

/// Answers one who asks; false where that has to wait.
bool queue_machine::serve(const ask& what) {
  auto* by = roster_.find(what.from);
  if (!by) return true;
  sole_ = by;
  by->asked.no_ack = what.no_ack;
  is_blocked_ = false;
  lend_ready();
  sole_ = nullptr;
  if (by->given.empty() && (is_blocked_ || unstored_ > 0)) return false;
  auto answer = got{what.from, what.number, {}, 0};
  if (!by->given.empty()) {
    answer.run = by->given.front();
    deal(*by, std::exchange(by->given, {}));
    ++figures_.got;
  }
  answer.remaining = ready();
  out_.gets.push_back(std::move(answer));
  return true;
}

std::uint64_t queue_machine::on_purge(time_point now) {
  now_ = now;
  auto entries = open_entries{};
  auto purged = std::uint64_t{0};
  auto drop = [&](partition_state& in, const position_run& run) {
    append_run(entry_of(entries, in).settled, run);
    purged += run.count;
  };
  for (auto at : std::exchange(returned_, {})) drop(partition(at), {at, 1});
  if (options_.key)
    for (auto at : lanes_.take_waiting([](position) { return true; }))
      drop(partition(at), {at, 1});
  for (auto& in : partitions_)
    for (const auto& run : take_fresh(in)) drop(in, run);
  figures_.ready_bytes = 0;
  figures_.purged += purged;
  for (auto& [number, entry] : entries)
    for (const auto& run : entry.settled) settle(partitions_[number], run);
  commit(std::move(entries));
  return purged;
}

/// Takes all out of the line that was never offered, stored or not.
std::vector<position_run> queue_machine::take_fresh(partition_state& in) {
  auto runs = std::vector<position_run>{};
  for (const auto& x : in.log.segments()) {
    auto at = std::max(x.first(), in.log.cursor());
    while (at < x.end()) {
      auto is_there = [&](position y) {
        return !x.is_settled(y) && !retries_.is_waiting(y) && !is_doomed(y);
      };
      auto first = at;
      while (at < x.end() && is_there(at)) ++at;
      if (at > first)
        runs.push_back({first, static_cast<std::uint32_t>(at - first)});
      else
        ++at;
    }
  }
  in.log.advance(in.log.next());
  return runs;
}

} // namespace troupe
