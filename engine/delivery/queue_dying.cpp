#include "engine/delivery/position_runs.hpp"
#include "engine/delivery/queue_machine.hpp"

#include <algorithm>

// queue_machine: messages that die by the queue's own rules.

namespace troupe {

namespace {

// Settle entries with dead letters on their way at a time; more of them would
// only fill the memory.
constexpr std::size_t most_burials = 32;

// Runs looked at to read bodies back before their turn.
constexpr std::size_t runs_read_ahead = 8;

} // namespace

/// Ends messages that are neither ready nor on loan any more: they become dead
/// letters, now or when their bodies are there, or go with this entry.
void queue_machine::die(
  partition_state& in,
  settle_entry& entry,
  const position_run& run,
  death_reason why) {
  switch (why) {
    case death_reason::rejected: figures_.rejected += run.count; break;
    case death_reason::expired: figures_.expired += run.count; break;
    case death_reason::maxlen: figures_.dropped += run.count; break;
    case death_reason::delivery_limit: break;
  }
  if (!options_.dead_letters) {
    append_run(entry.settled, run);
    settle(in, run);
    return;
  }
  dying_ += run.count;
  if (!in.dying.empty()) {
    auto& last = in.dying.back();
    auto is_same = last.why == why && last.at == now_
                   && last.run.first + last.run.count == run.first;
    if (is_same) {
      last.run.count += run.count;
      return;
    }
  }
  in.dying.push_back({run, why, now_});
}

void queue_machine::bury_all() {
  for (auto& in : partitions_)
    while (!in.dying.empty() && bury(in)) {
    }
}

/// Commits one batch of dead letters; false where it has to wait.
bool queue_machine::bury(partition_state& in) {
  if (in.outbox.size() + in.settles_sent >= most_burials) return false;
  read_dying(in);
  auto letters = batch_builder{};
  auto entry = settle_entry{};
  entry.queue = options_.id;
  entry.settled = bury_some(in, letters);
  if (letters.empty()) return false;
  figures_.dead_lettered += letters.size();
  dying_ -= letters.size();
  emit(in, entry, {options_.dead_letters->output, letters.take()});
  for (const auto& run : entry.settled) {
    settle(in, run);
    if (auto* from = in.log.find(run.first)) drop_if_over(in, *from);
  }
  commit(in, std::move(entry), {}, 0);
  return true;
}

/// Makes dead letters of the first that are dying, as many as a batch takes.
std::vector<position_run>
queue_machine::bury_some(partition_state& in, batch_builder& letters) {
  auto buried = std::vector<position_run>{};
  while (!in.dying.empty() && !letters.is_full()) {
    auto& [run, why, at] = in.dying.front();
    auto* from = in.log.find(run.first);
    if (!is_at_hand(*from)) break;
    auto how = death{options_.name, why, at, from->is_delayed()};
    auto end = std::min(run.first + run.count, from->end());
    auto first = run.first;
    for (; run.first < end && !letters.is_full(); ++run.first, --run.count)
      add_dead_letter(
        letters, (*from->messages())[run.first - from->first()],
        *options_.dead_letters, how);
    append_run(buried, {first, static_cast<std::uint32_t>(run.first - first)});
    if (run.count == 0) in.dying.pop_front();
  }
  return buried;
}

void queue_machine::read_dying(partition_state& in) {
  auto count = std::min(in.dying.size(), runs_read_ahead);
  for (std::size_t i = 0; i < count; ++i)
    if (auto* from = in.log.find(in.dying[i].run.first)) is_at_hand(*from);
}

} // namespace troupe
