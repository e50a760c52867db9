#include "engine/base/bytes.hpp"
#include "engine/replication/group_replica.hpp"

#include <algorithm>

// group_replica: comparing logs after an unclean stop.

namespace troupe {

using namespace cluster;

namespace {

std::string sums_of(const std::vector<log_store::raw_entry>& entries) {
  auto sums = std::string{};
  for (const auto& x : entries)
    put(sums, x.empty() ? 0 : load<std::uint32_t>(x.data()));
  return sums;
}

} // namespace

/// Is asked now and then until it is done. Where reading takes longer than
/// that, what is under way goes on, and nothing is begun beside it.
void group_replica::carry_out(const compare_logs& what) {
  auto is_under_way = std::ranges::any_of(reading_, [&](const auto& x) {
    const auto* summed = std::get_if<summing>(&x.second.why);
    return summed && summed->to == what.with
           && summed->epoch == machine_.epoch();
  });
  if (is_under_way) return;
  read({what.first, what.last, summing{what.with, machine_.epoch()}});
}

void group_replica::finish(
  const reading& what,
  summing& why,
  const std::vector<log_store::raw_entry>& entries,
  local_time) {
  auto sums = sums_of(entries);
  send(why.to, log_sums{why.epoch, what.from, sums});
  auto next = what.from + entries.size();
  if (next <= what.last) read({next, what.last, why});
}

void group_replica::compare(const log_sums& what) {
  if (installing_) return;
  auto count = what.sums.size() / sizeof(std::uint32_t);
  auto last = what.first + count - 1;
  if (count == 0 || last > machine_.log().last()) return;
  auto is_under_way = std::ranges::any_of(reading_, [&](const auto& x) {
    const auto* compared = std::get_if<comparing>(&x.second.why);
    return compared && compared->epoch == what.epoch && x.second.last == last;
  });
  if (is_under_way) return;
  read({what.first, last, comparing{what.epoch, std::string{what.sums}}});
}

void group_replica::finish(
  const reading& what,
  comparing& why,
  const std::vector<log_store::raw_entry>& entries,
  local_time now) {
  auto ours = sums_of(entries);
  auto is_equal = true;
  for (std::size_t i = 0; i < ours.size(); i += sizeof(std::uint32_t)) {
    auto a = load<std::uint32_t>(ours.data() + i);
    auto b = load<std::uint32_t>(why.sums.data() + i);
    is_equal = is_equal && (a == b || a == 0 || b == 0);
  }
  auto next = what.from + entries.size();
  if (is_equal && next <= what.last) {
    why.sums.erase(0, ours.size());
    read({next, what.last, why});
    return;
  }
  machine_.on_compared(why.epoch, is_equal, now);
}

} // namespace troupe
