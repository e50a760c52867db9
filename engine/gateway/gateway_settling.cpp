#include "engine/gateway/gateway_machine.hpp"

#include <utility>

// gateway_machine: what is lent to clients, and what they settle.

namespace troupe::gateway {

// -- lending

void gateway_machine::take(std::size_t shard, deliver& what) {
  auto* to = find(what.consumer);
  if (!to) return; // it has left, which ends its loans
  auto runs = std::vector<loaned_run>{};
  for (auto& x : what.runs)
    if (show(shard, x)) runs.push_back(std::move(x));
  if (to->is_answered) {
    show(*to, shard, std::move(runs));
    return;
  }
  for (auto& x : runs) to->held.push_back({shard, std::move(x)});
}

void gateway_machine::show(
  consumer& to, std::size_t shard, std::vector<loaned_run> runs) {
  if (runs.empty()) return;
  if (to.asked.window_bytes > 0)
    for (const auto& x : runs)
      to.unwritten.add(shard, shards_[shard].rounds, x.bytes());
  tell(to.client, deliver{to.number, std::move(runs)});
}

/// Gives a run the position its client sees; false where it is none of the
/// shard's to lend.
bool gateway_machine::show(std::size_t shard, loaned_run& run) {
  auto number = partition_in(shard, run.at);
  if (number == partitions_.size()) return false;
  run.at = partitions_[number].shown.show(run.at, run.count);
  return true;
}

void gateway_machine::on_written(
  client_number from, std::uint64_t number, std::uint64_t bytes) {
  auto* who = find(from, number);
  if (!who) return;
  who->unwritten.take(
    bytes, [&](std::size_t shard, std::uint64_t round, std::uint64_t part) {
      auto is_known = who->seats[shard].is != seat::place::none;
      if (is_known && shards_[shard].rounds == round)
        send(shard, written{who->id, part});
    });
}

// -- settling

void gateway_machine::on_settle(
  client_number from, std::uint64_t number, std::vector<settlement> what) {
  auto* by = find(from, number);
  if (!by) return;
  auto parts = std::map<std::size_t, std::vector<settlement>>{};
  for (auto& x : what) {
    if (x.partition >= partitions_.size()) continue;
    auto shard = partitions_[x.partition].shard;
    if (by->seats[shard].is == seat::place::none) continue;
    if (auto part = lent_part(std::move(x)))
      parts[shard].push_back(std::move(*part));
  }
  for (auto& [shard, part] : parts)
    send(shard, settle{by->id, std::move(part)});
}

/// Leaves out what was lent in an earlier session. As with the queue's own
/// rule, acks that bring something about count together or not at all: what is
/// left of them goes back.
std::optional<settlement> gateway_machine::lent_part(settlement what) {
  const auto& shown = partitions_[what.partition].shown;
  auto cut = [&](std::vector<position_run>& runs) {
    auto kept = std::vector<position_run>{};
    auto missing = std::uint64_t{0};
    for (const auto& run : runs) {
      missing += run.count;
      if (partition_of(run.first) != what.partition) continue;
      auto part = shown.lent(run);
      if (!part) continue;
      missing -= part->count;
      kept.push_back(*part);
    }
    runs = std::move(kept);
    return missing > 0;
  };
  auto is_broken = cut(what.acked);
  for (auto* runs :
       {&what.returned, &what.unseen, &what.requeued, &what.rejected})
    cut(*runs);
  if (is_broken && (!what.emits.empty() || !what.changes.empty())) {
    what.returned.insert(
      what.returned.end(), what.acked.begin(), what.acked.end());
    what.acked.clear();
    what.emits.clear();
    what.changes.clear();
  }
  auto is_lent = [&](failure& x) {
    auto part = partition_of(x.at) == what.partition ? shown.lent({x.at, 1})
                                                     : std::nullopt;
    if (part) x.at = part->first;
    return part.has_value();
  };
  std::erase_if(what.failed, [&](failure& x) { return !is_lent(x); });
  auto is_empty = what.acked.empty() && what.failed.empty()
                  && what.returned.empty() && what.unseen.empty()
                  && what.requeued.empty() && what.rejected.empty()
                  && what.emits.empty() && what.changes.empty();
  if (is_empty) return std::nullopt;
  return what;
}

// -- leaving

void gateway_machine::on_leave(
  client_number from, std::uint64_t number, std::optional<failure> crash) {
  if (auto* who = find(from, number)) leave(*who, crash);
}

/// Shards that have the message that ran charge it; at the others nothing is
/// charged, unless nobody could say which message it was.
void gateway_machine::leave(
  consumer& who, const std::optional<failure>& crash) {
  end(who, amqp::done{});
  auto what = gateway::leave{who.id, crash};
  if (crash) what.crash = lent_crash(*crash);
  send_to_seats(who, what);
  forget(who);
}

/// A message that was lent in an earlier session becomes one that nobody has,
/// since 0 would charge another.
failure gateway_machine::lent_crash(failure what) const {
  if (what.at == 0) return what;
  auto number = partition_of(what.at);
  auto is_there = number < partitions_.size();
  auto part =
    is_there ? partitions_[number].shown.lent({what.at, 1}) : std::nullopt;
  what.at = part ? part->first : partition_last(number);
  return what;
}

} // namespace troupe::gateway
