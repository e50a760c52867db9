#include "engine/gateway/gateway_machine.hpp"

#include <cassert>
#include <utility>

namespace troupe::gateway {

gateway_machine::gateway_machine(gateway_options options)
  : options_{std::move(options)}, shards_(options_.shards.size()) {
  assert(!shards_.empty() && !options_.publisher.empty());
  for (std::size_t i = 0; i < options_.shard_of.size(); ++i) {
    assert(options_.shard_of[i] < shards_.size());
    partitions_.push_back(
      {options_.shard_of[i], 0,
       shown_positions{static_cast<std::uint16_t>(i)}});
  }
}

// -- shards that come and go

void gateway_machine::on_up(std::size_t shard, std::uint64_t session) {
  on_down(shard);
  auto& in = shards_[shard];
  in.is_up = true;
  in.session = session;
  ++in.rounds;
  send_open(shard);
  for (auto& [id, who] : consumers_) {
    if (who.asked.is_getter)
      ask_next(who);
    else if (!who.is_cancelled)
      seat_at(shard, who);
  }
  ask_open(shard);
}

void gateway_machine::on_down(std::size_t shard) {
  auto& in = shards_[shard];
  if (!in.is_up) return;
  in.is_up = false;
  end_sent(in);
  for (auto& x : partitions_)
    if (x.shard == shard) x.shown.renew();
  for (auto x = consumers_.begin(); x != consumers_.end();) {
    auto& who = (x++)->second; // it may be forgotten
    unseat(shard, who);
  }
}

void gateway_machine::on_reply(
  std::size_t shard, std::uint64_t session, shard_reply what) {
  const auto& in = shards_[shard];
  if (!in.is_up || in.session != session) return;
  std::visit([&](auto& x) { take(shard, x); }, what);
}

void gateway_machine::on_queue_gone() {
  for (auto& in : shards_) {
    for (auto& [ticket, x] : std::exchange(in.open, {}))
      if (x.from) tell(*x.from, confirmed{{x.ticket}, {}});
    in.is_up = false;
  }
  while (!consumers_.empty()) gone(consumers_.begin()->second);
  for (const auto& [number, x] : std::exchange(requests_, {}))
    answer(number, x);
}

// -- actions

std::vector<gateway_action> gateway_machine::take_actions() {
  return std::exchange(out_, {});
}

void gateway_machine::send(std::size_t shard, shard_request what) {
  const auto& to = shards_[shard];
  assert(to.is_up);
  out_.emplace_back(to_shard{shard, to.session, std::move(what)});
}

void gateway_machine::tell(
  client_number client, decltype(to_client::what) what) {
  out_.emplace_back(to_client{client, std::move(what)});
}

/// Returns the partition of a position that a shard named, or, where that is
/// none of the shard's, one too many.
std::size_t
gateway_machine::partition_in(std::size_t shard, position at) const {
  auto number = std::size_t{partition_of(at)};
  auto is_its =
    number < partitions_.size() && partitions_[number].shard == shard;
  return is_its ? number : partitions_.size();
}

} // namespace troupe::gateway
