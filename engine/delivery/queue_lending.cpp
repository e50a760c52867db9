#include "engine/delivery/position_runs.hpp"
#include "engine/delivery/queue_machine.hpp"

#include <algorithm>
#include <limits>

namespace troupe {

namespace {

// Messages set aside behind busy keys, at 8 bytes each. Beyond this the queue
// is not searched further for keys that are free.
constexpr std::size_t most_queued = 4 * 1024 * 1024;

} // namespace

// -- consumers

bool queue_machine::on_subscribe(const subscription& asked) {
  if (!roster_.admits(asked)) return false;
  roster_.add(asked);
  return true;
}

void queue_machine::on_cancel(consumer_id from) {
  if (auto* by = roster_.find(from)) roster_.cancel(*by);
}

void queue_machine::on_credit(consumer_id from, std::uint32_t credit) {
  auto* by = roster_.find(from);
  if (!by) return;
  by->asked.credit = credit;
  roster_.refresh(*by);
}

void queue_machine::on_pause(consumer_id from, bool is_paused) {
  auto* by = roster_.find(from);
  if (!by) return;
  by->is_paused = is_paused;
  roster_.refresh(*by);
}

void queue_machine::on_written(consumer_id from, std::uint64_t bytes) {
  auto* by = roster_.find(from);
  if (!by) return;
  by->unwritten_bytes -= std::min(by->unwritten_bytes, bytes);
  roster_.refresh(*by);
}

// -- a round of lending

void queue_machine::lend() {
  if (!asks_.empty()) serve_gets();
  auto is_there = ready() > unstored_; // something a consumer could have
  if (is_there && roster_.has_able()) {
    roster_.begin_round(ready());
    lend_ready();
  }
  if (!given_to_.empty()) deal_out();
  if (options_.overflow == overflow::drop_head && has_limits())
    enforce_limits();
  if (dying_ > 0) bury_all();
  if (expires()) note_offered();
  if (is_claim_broken_) withdraw_claims();
}

/// Lends to whoever can take it, or to the one getter whose turn it is.
void queue_machine::lend_ready() {
  if (options_.key) {
    lend_lanes();
    lend_by_keys();
    return;
  }
  for (auto x = partitions_.rbegin(); x != partitions_.rend(); ++x)
    if (!has_taker() || !lend_partition(*x)) return;
}

/// False where the partition has more that cannot be lent now.
bool queue_machine::lend_partition(partition_state& from) {
  if (!lend_returned(from)) return false;
  while (has_taker()) {
    auto done = lend_run(from);
    if (done != lent::some) return done == lent::none;
  }
  return true;
}

// -- messages that came back

bool queue_machine::lend_returned(partition_state& from) {
  while (has_taker() && !returned_.empty()) {
    auto next = returned_.lower_bound(partition_start(from.log.partition()));
    if (next == returned_.end() || partition_of(*next) != from.log.partition())
      return true;
    auto first = *next;
    auto* in = from.log.find(first);
    if (!is_at_hand(*in)) return false;
    auto& to = next_consumer();
    auto most = room(to, *in, first);
    auto count = std::uint32_t{1};
    auto same = history(from, first);
    auto is_like_first = [&](position at) {
      return returned_.contains(at) && retries_.attempt(at) == 1
             && history(from, at) == same;
    };
    if (retries_.attempt(first) == 1)
      while (count < most && first + count < in->end()
             && is_like_first(first + count))
        ++count;
    for (std::uint32_t i = 0; i < count; ++i) returned_.erase(first + i);
    give(to, from, *in, {first, count});
    auto left = returned_.lower_bound(in->first());
    if (left == returned_.end() || *left >= in->end()) drop_if_over(from, *in);
  }
  return true;
}

void queue_machine::lend_lanes() {
  auto stalled = std::vector<key_lanes::key_hash>{};
  while (has_taker()) {
    auto key = lanes_.ready();
    if (!key) break;
    if (!lend_lane(*key, next_consumer())) stalled.push_back(*key);
  }
  for (auto key : stalled) lanes_.put_back(key);
}

/// Lends what waits in one lane; false where its first message is not there.
bool queue_machine::lend_lane(key_lanes::key_hash key, consumer& to) {
  auto is_lent = false;
  while (can_take(to)) {
    auto at = lanes_.front(key);
    if (!at) break;
    auto& in = partition(*at);
    auto* from = in.log.find(*at);
    if (!is_at_hand(*from)) break;
    lanes_.pop(key);
    lanes_.lend(key, *at, to.asked.id);
    give(to, in, *from, {*at, 1});
    is_lent = true;
    // A message that failed before may fail again: see first how it goes.
    if (retries_.attempt(*at) > 1) break;
  }
  return is_lent;
}

// -- messages never offered before

void queue_machine::lend_by_keys() {
  for (auto progress = true; progress;) {
    progress = false;
    for (auto& x : partitions_) {
      if (!has_taker()) return;
      progress |= lend_by_key(x);
    }
  }
}

queue_machine::lent queue_machine::lend_run(partition_state& from) {
  auto* x = from.log.fresh();
  if (!x) return lent::none;
  read_ahead(from, *x);
  if (!is_at_hand(*x)) return lent::blocked;
  auto at = from.log.cursor();
  while (at < x->end()
         && (x->is_settled(at) || retries_.is_waiting(at) || is_doomed(at)))
    ++at;
  from.log.advance(at);
  if (at < x->end()) {
    auto& to = next_consumer();
    auto count = plain_run(from, *x, at, room(to, *x, at));
    from.log.advance(at + count);
    give(to, from, *x, {at, count});
  }
  if (from.log.cursor() == x->end()) drop_if_over(from, *x);
  return lent::some;
}

/// Returns how many messages from `at` on may go out as one run, at least 1:
/// `at` itself is neither settled nor waiting.
std::uint32_t queue_machine::plain_run(
  const partition_state& from,
  const segment& in,
  position at,
  std::uint64_t most) const {
  auto count = std::min(in.end() - at, most);
  if (at < from.maybe_lent) count = std::min(count, from.maybe_lent - at);
  if (
    in.has_settled() || !retries_.is_empty() || !doomed_.empty()
    || !deliveries_.empty()) {
    auto same = history(from, at);
    auto is_plain = [&](position x) {
      return !in.is_settled(x) && retries_.attempt(x) == 1 && !is_doomed(x)
             && history(from, x) == same;
    };
    auto plain = position{0};
    while (plain < count && is_plain(at + plain)) ++plain;
    count = std::max(plain, position{1});
  }
  return static_cast<std::uint32_t>(count);
}

bool queue_machine::lend_by_key(partition_state& from) {
  auto* x = from.log.fresh();
  if (!x || lanes_.queued() >= most_queued) return false;
  read_ahead(from, *x);
  if (!is_at_hand(*x)) return false;
  while (has_taker() && from.log.cursor() < x->end()) {
    auto at = from.log.cursor();
    from.log.advance(at + 1);
    auto is_gone = x->is_settled(at) || is_doomed(at);
    if (!is_gone) offer(from, *x, at);
  }
  // All of it is lent or waits behind busy keys.
  drop_if_over(from, *x);
  return true;
}

void queue_machine::offer(partition_state& from, segment& in, position at) {
  auto key = options_.key((*in.messages())[at - in.first()]);
  auto answer = lanes_.offer(key, at, retries_.is_waiting(at));
  if (answer.what == key_lanes::verdict::queued) return;
  auto* to = answer.what == key_lanes::verdict::free
               ? &next_consumer()
               : roster_.find(answer.holder);
  if (!to || !can_take(*to)) {
    lanes_.queue(key, at);
    return;
  }
  lanes_.lend(key, at, to->asked.id);
  give(*to, from, in, {at, 1});
}

// -- to whom

bool queue_machine::can_take(const consumer& x) const {
  return sole_ ? &x == sole_ && x.given.empty() : x.is_able;
}

bool queue_machine::has_taker() const {
  return sole_ ? sole_->given.empty() : roster_.has_able();
}

/// Returns the consumer whose turn it is; there is one.
queue_machine::consumer& queue_machine::next_consumer() {
  return sole_ ? *sole_ : roster_.next();
}

/// Returns how many messages from `at` on the consumer whose turn it is takes,
/// at least 1.
std::uint64_t
queue_machine::room(const consumer& to, const segment& in, position at) const {
  if (sole_) return 1;
  auto most = roster_.room(to);
  if (to.asked.window_bytes == 0) return most;
  auto left = to.asked.window_bytes - to.unwritten_bytes;
  auto first = at - in.first();
  most = std::min(most, in.end() - at);
  auto count = std::uint64_t{1};
  while (count < most && in.messages()->bytes(first, count) < left) ++count;
  return count;
}

/// Says whether a message was lent before, and how often that counted.
std::pair<bool, std::uint32_t>
queue_machine::history(const partition_state& in, position at) const {
  if (!deliveries_.empty())
    if (auto found = deliveries_.find(at); found != deliveries_.end())
      return {true, found->second};
  return {at < in.maybe_lent, 0};
}

void queue_machine::give(
  consumer& to, partition_state& in, segment& from, const position_run& run) {
  auto [is_again, deliveries] = history(in, run.first);
  auto index = static_cast<std::uint32_t>(run.first - from.first());
  auto attempt = retries_.is_empty() ? 1 : retries_.attempt(run.first);
  is_claim_broken_ |= in.claims_unlent;
  if (is_again) figures_.redelivered += run.count;
  if (!to.asked.dead_output.empty()) from.add_loans(run.count);
  figures_.ready_bytes -= from.bytes(run);
  given_ += run.count;
  auto has_window = to.asked.window_bytes > 0;
  auto bytes = has_window ? from.messages()->bytes(index, run.count) : 0;
  roster_.gave(to, run.count, bytes);
  if (to.given.empty()) {
    given_to_.push_back(&to);
  } else {
    auto& last = to.given.back();
    auto follows =
      last.at + last.count == run.first && last.messages == from.messages();
    auto is_alike = last.attempt == 1 && attempt == 1
                    && last.redelivered == is_again
                    && last.deliveries == deliveries;
    if (follows && is_alike) {
      last.count += run.count;
      return;
    }
  }
  to.given.push_back(
    {from.messages(), index, run.count, run.first, from.published_at(), attempt,
     is_again, deliveries});
}

void queue_machine::deal_out() {
  for (auto* x : given_to_) {
    if (x->given.empty()) continue; // a getter: it has its message
    deal(*x, x->given);
    out_.deliveries.push_back({x->asked.id, std::exchange(x->given, {})});
  }
  given_to_.clear();
}

/// Turns what was given into loans, or settles it at once for those who do not
/// ack.
void queue_machine::deal(consumer& to, const std::vector<loaned_run>& runs) {
  for (const auto& run : runs) given_ -= run.count;
  if (!to.asked.no_ack) {
    for (const auto& run : runs) loans_.lend(to.asked.id, {run.at, run.count});
    return;
  }
  auto entries = open_entries{};
  for (const auto& run : runs) {
    auto& in = partition(run.at);
    auto gone = position_run{run.at, run.count};
    if (!to.asked.dead_output.empty()) end_loans(gone, to.asked);
    append_run(entry_of(entries, in).settled, gone);
    settle(in, gone);
  }
  commit(std::move(entries));
}

} // namespace troupe
