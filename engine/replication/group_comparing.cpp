#include "engine/base/bytes.hpp"
#include "engine/replication/group_replica.hpp"

#include <algorithm>

// group_replica: comparing logs after an unclean stop.

namespace troupe {

using namespace cluster;

namespace {

constexpr auto sum_bytes = sizeof(std::uint32_t);

std::uint32_t sum_of(const log_store::raw_entry& entry) {
  return entry.empty() ? 0 : load<std::uint32_t>(entry.data());
}

} // namespace

// -- as a leader

/// Is asked now and then until it is done. Where reading takes longer than
/// that, what is under way goes on, and nothing is begun beside it.
void group_replica::carry_out(const compare_logs& what) {
  auto is_under_way = std::ranges::any_of(reading_, [&](const auto& x) {
    const auto* summed = std::get_if<summing>(&x.second.why);
    return summed && summed->to == what.with && summed->epoch == what.epoch;
  });
  if (is_under_way) return;
  if (what.first > what.last)
    return send(
      what.with, log_sums{what.epoch, what.first, what.last, what.first, {}});
  read({what.first, what.last, summing{what.with, what.epoch, what.first}});
}

void group_replica::finish(
  const reading& what,
  summing& why,
  const std::vector<log_store::raw_entry>& entries,
  local_time) {
  auto sums = std::string{};
  sums.reserve(entries.size() * sum_bytes);
  for (const auto& x : entries) put(sums, sum_of(x));
  send(why.to, log_sums{why.epoch, why.from, what.last, what.from, sums});
  auto next = what.from + entries.size();
  if (next <= what.last) read({next, what.last, why});
}

// -- as a follower

/// Takes sums that go on from those it has, and no others: where something is
/// missing the leader sends all again in time.
void group_replica::compare(const log_sums& what, local_time now) {
  auto most = options_.machine.compared_entries;
  auto is_sound = what.sums.size() % sum_bytes == 0 && what.from > 0
                  && what.last < what.from + most
                  && what.last <= machine_.log().last();
  if (installing_ || !is_sound) return;
  auto& x = comparison_;
  auto is_of_it =
    x && x->epoch == what.epoch && x->from == what.from && x->last == what.last;
  if (!is_of_it && what.first != what.from) return;
  if (!is_of_it) x = comparison{what.epoch, what.from, what.last, {}};
  auto end = x->from + x->sums.size() / sum_bytes;
  auto count = what.sums.size() / sum_bytes;
  auto is_next = what.first <= end && what.first + count > end
                 && what.first + count <= x->last + 1;
  if (!is_next && count > 0) return;
  x->sums += what.sums.substr((end - what.first) * sum_bytes);
  compare_on(now);
}

/// Reads what there are sums of.
void group_replica::compare_on(local_time now) {
  auto& x = *comparison_;
  auto first = x.from + x.equal;
  auto end = x.from + x.sums.size() / sum_bytes;
  if (first > x.last) return end_comparison(true, now);
  if (first == end || std::exchange(x.is_reading, true)) return;
  read({first, end - 1, comparing{x.epoch}});
}

void group_replica::finish(
  const reading& what,
  comparing& why,
  const std::vector<log_store::raw_entry>& entries,
  local_time now) {
  auto& x = comparison_;
  auto is_of_it = x && x->epoch == why.epoch && x->is_reading
                  && x->from + x->equal == what.from
                  && what.last < x->from + x->sums.size() / sum_bytes;
  if (!is_of_it) return;
  x->is_reading = false;
  if (!is_equal_so_far(entries)) return end_comparison(false, now);
  x->equal += entries.size();
  compare_on(now);
}

/// What one of both has erased is not compared.
bool group_replica::is_equal_so_far(
  const std::vector<log_store::raw_entry>& entries) {
  const auto* theirs =
    comparison_->sums.data() + comparison_->equal * sum_bytes;
  return std::ranges::all_of(entries, [&](const auto& x) {
    auto a = sum_of(x);
    auto b = load<std::uint32_t>(std::exchange(theirs, theirs + sum_bytes));
    return a == b || a == 0 || b == 0;
  });
}

void group_replica::end_comparison(bool is_equal, local_time now) {
  auto epoch = comparison_->epoch;
  comparison_.reset();
  machine_.on_compared(epoch, is_equal, now);
}

} // namespace troupe
