#include "engine/gateway/gateway_machine.hpp"

#include <utility>

// gateway_machine: what is lent to clients, and what they settle.

namespace troupe::gateway {

namespace {

using runs = std::vector<position_run>;

/// Keeps what was lent in this session, by its real positions; says whether
/// that is all.
bool cut(runs& of, std::uint16_t partition, const shown_positions& shown) {
  auto kept = runs{};
  auto missing = std::uint64_t{0};
  for (const auto& run : of) {
    auto is_its = partition_of(run.first) == partition;
    auto part = is_its ? shown.lent(run) : std::nullopt;
    missing += run.count - (part ? part->count : 0);
    if (part) kept.push_back(*part);
  }
  of = std::move(kept);
  return missing == 0;
}

/// Gives back what was acked. As by the queue's own rule, acks that bring
/// something about count together or not at all.
void withdraw(settlement& what) {
  what.returned.insert(
    what.returned.end(), what.acked.begin(), what.acked.end());
  what.acked.clear();
  what.emits.clear();
  what.changes.clear();
}

bool is_empty(const settlement& x) {
  return x.acked.empty() && x.failed.empty() && x.returned.empty()
         && x.unseen.empty() && x.requeued.empty() && x.rejected.empty()
         && x.emits.empty() && x.changes.empty();
}

} // namespace

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

/// Leaves out what was lent in an earlier session; nothing: all of it was.
std::optional<settlement> gateway_machine::lent_part(settlement what) {
  const auto& shown = partitions_[what.partition].shown;
  auto is_whole = cut(what.acked, what.partition, shown);
  for (auto* runs :
       {&what.returned, &what.unseen, &what.requeued, &what.rejected})
    cut(*runs, what.partition, shown);
  if (!is_whole && (!what.emits.empty() || !what.changes.empty()))
    withdraw(what);
  std::erase_if(what.failed, [&](failure& x) {
    auto at = runs{{x.at, 1}};
    if (!cut(at, what.partition, shown)) return true;
    x.at = at[0].first;
    return false;
  });
  if (is_empty(what)) return std::nullopt;
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
