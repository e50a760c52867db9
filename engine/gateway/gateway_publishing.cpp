#include "engine/gateway/gateway_machine.hpp"

#include <cassert>
#include <utility>

// gateway_machine: what clients publish, until it is confirmed.

namespace troupe::gateway {

namespace {

// How much goes to a shard in one piece, where much has waited for it.
constexpr std::size_t most_bytes = 1024 * 1024;

} // namespace

void gateway_machine::on_enqueue(
  client_number from, std::vector<publish> what) {
  auto is_for = std::vector<bool>(shards_.size());
  for (auto& x : what) {
    assert(x.partition < partitions_.size());
    auto shard = partitions_[x.partition].shard;
    auto kept = open_publish{};
    kept.from = from;
    kept.ticket = std::exchange(x.ticket, ++last_ticket_);
    kept.is_numbered_here = x.publisher.empty();
    if (kept.is_numbered_here) number(x);
    kept.what = std::move(x);
    shards_[shard].open.emplace(last_ticket_, std::move(kept));
    is_for[shard] = true;
  }
  for (std::size_t i = 0; i < shards_.size(); ++i)
    if (is_for[i] && shards_[i].is_up) send_open(i);
}

/// Numbers one a message, without a gap: what comes again after a shard went
/// down is a repeat to the shard.
void gateway_machine::number(publish& what) {
  auto& last = partitions_[what.partition].last_sequence;
  what.publisher = options_.publisher;
  what.sequences.clear();
  for (std::size_t i = 0; i < what.messages->size(); ++i)
    what.sequences.push_back(++last);
}

/// Sends all that this session has not seen, in order: the last ones.
void gateway_machine::send_open(std::size_t shard) {
  auto& open = shards_[shard].open;
  auto next = open.end();
  while (next != open.begin() && !std::prev(next)->second.is_sent) --next;
  auto bytes = std::size_t{0};
  auto part = enqueue{};
  for (; next != open.end(); ++next) {
    auto& x = next->second;
    if (bytes >= most_bytes) {
      send(shard, std::exchange(part, {}));
      bytes = 0;
    }
    x.is_sent = true;
    bytes += x.what.messages->bytes().size();
    part.what.push_back(x.what);
  }
  if (!part.what.empty()) send(shard, std::move(part));
}

void gateway_machine::end_sent(shard_state& in) {
  for (auto& [ticket, x] : in.open)
    x.is_in_doubt |= std::exchange(x.is_sent, false);
}

void gateway_machine::take(std::size_t shard, confirmed& what) {
  auto by_client = std::map<client_number, confirmed>{};
  for (auto ticket : what.tickets) {
    auto found = shards_[shard].open.extract(ticket);
    if (!found || !found.mapped().from) continue;
    const auto& x = found.mapped();
    auto& to = by_client[*x.from];
    to.tickets.push_back(x.ticket);
    if (auto some = what.refused.find(ticket); some != what.refused.end()) {
      to.refused[x.ticket] = std::move(some->second);
    } else if (options_.may_refuse && x.is_in_doubt && x.is_numbered_here) {
      auto& all = to.refused[x.ticket];
      for (std::uint32_t i = 0; i < x.what.messages->size(); ++i)
        all.push_back(i);
    }
  }
  for (auto& [client, x] : by_client) tell(client, std::move(x));
}

std::size_t gateway_machine::unconfirmed() const {
  auto sum = std::size_t{0};
  for (const auto& x : shards_) sum += x.open.size();
  return sum;
}

} // namespace troupe::gateway
