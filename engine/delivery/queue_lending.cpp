#include "engine/delivery/queue_machine.hpp"

#include <algorithm>

namespace troupe {

namespace {

// Segments asked back from the store ahead of their turn: about half a
// megabyte, so that a drain does not wait for each read.
constexpr std::size_t segments_read_ahead = 8;

// Messages set aside behind busy keys, at 8 bytes each. Beyond this the queue
// is not searched further for keys that are free.
constexpr std::size_t most_queued = 4 * 1024 * 1024;

} // namespace

bool queue_machine::on_subscribe(const subscription& asked) {
  consumers_[asked.id] = {asked, 0, {}};
  return true;
}

void queue_machine::on_loaded(
  std::uint16_t partition, position first, batch_ptr messages) {
  auto* to = partitions_[partition].log.find(first);
  if (!to || to->messages()) return;
  to->set_loading(false);
  figures_.resident_bytes += messages->bytes().size();
  to->set_messages(std::move(messages));
}

void queue_machine::lend() {
  credit_ = 0;
  auto with_credit = std::uint64_t{0};
  for (const auto& [id, x] : consumers_) {
    if (!x.has_credit()) continue;
    ++with_credit;
    credit_ += x.asked.credit - x.outstanding;
  }
  if (credit_ == 0) return;
  auto ready = figures_.length - loans_.total();
  share_ = std::max(ready / with_credit, std::uint64_t{1});
  served_run_ = 0;
  if (options_.key)
    lend_lanes();
  else
    lend_returned();
  lend_fresh();
  deal_out();
}

// -- messages that came back

void queue_machine::lend_returned() {
  while (credit_ > 0 && !returned_.empty()) {
    auto first = *returned_.begin();
    auto* from = partition(first).log.find(first);
    if (!is_at_hand(*from)) return;
    auto& to = *next_consumer();
    auto most = std::min(
      std::uint64_t{to.asked.credit} - to.outstanding,
      std::max(share_, served_run_ + 1) - served_run_);
    auto count = std::uint32_t{1};
    if (retries_.attempt(first) == 1)
      while (count < most && returned_.contains(first + count)
             && first + count < from->end()
             && retries_.attempt(first + count) == 1)
        ++count;
    for (std::uint32_t i = 0; i < count; ++i) returned_.erase(first + i);
    give(to, *from, {first, count});
  }
}

void queue_machine::lend_lanes() {
  auto stalled = std::vector<key_lanes::key_hash>{};
  while (credit_ > 0) {
    auto key = lanes_.ready();
    if (!key) break;
    if (!lend_lane(*key, *next_consumer())) stalled.push_back(*key);
  }
  for (auto key : stalled) lanes_.put_back(key);
}

/// Lends what waits in one lane; false where its first message is not there.
bool queue_machine::lend_lane(key_lanes::key_hash key, consumer& to) {
  auto lent = false;
  while (to.has_credit()) {
    auto at = lanes_.front(key);
    if (!at) break;
    auto* from = partition(*at).log.find(*at);
    if (!is_at_hand(*from)) break;
    lanes_.pop(key);
    lanes_.lend(key, *at, to.asked.id);
    give(to, *from, {*at, 1});
    lent = true;
    // A message that failed before may fail again: see first how it goes.
    if (retries_.attempt(*at) > 1) break;
  }
  return lent;
}

// -- messages never offered before

void queue_machine::lend_fresh() {
  for (auto progress = true; progress;) {
    progress = false;
    for (auto& x : partitions_) {
      if (credit_ == 0) return;
      progress |= options_.key ? lend_by_key(x) : lend_run(x);
    }
  }
}

bool queue_machine::lend_run(partition_state& from) {
  auto* x = from.log.fresh();
  if (!x) return false;
  read_ahead(from, *x);
  if (!is_at_hand(*x)) return false;
  auto at = from.log.cursor();
  while (at < x->end() && (x->is_settled(at) || retries_.is_waiting(at))) ++at;
  from.log.advance(at);
  if (at == x->end()) return true;
  auto& to = *next_consumer();
  auto most = std::min(
    std::uint64_t{to.asked.credit} - to.outstanding,
    std::max(share_, served_run_ + 1) - served_run_);
  auto count = plain_run(*x, at, most);
  from.log.advance(at + count);
  give(to, *x, {at, count});
  return true;
}

/// Returns how many messages from `at` on may go out as one run, at least 1:
/// `at` itself is neither settled nor waiting.
std::uint32_t queue_machine::plain_run(
  const segment& in, position at, std::uint64_t most) const {
  auto count = std::min(in.end() - at, most);
  if (in.has_settled() || !retries_.is_empty()) {
    auto is_plain = [&](position x) {
      return !in.is_settled(x) && retries_.attempt(x) == 1;
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
  while (credit_ > 0 && from.log.cursor() < x->end()) {
    auto at = from.log.cursor();
    from.log.advance(at + 1);
    if (!x->is_settled(at)) offer(*x, at);
  }
  auto is_over = figures_.resident_bytes > options_.resident_limit;
  auto is_behind = from.log.cursor() == x->end();
  if (options_.is_durable && is_over && is_behind && x->loans() == 0)
    drop_bodies(*x); // all of it waits behind busy keys
  return true;
}

void queue_machine::offer(segment& in, position at) {
  auto key = options_.key((*in.messages())[at - in.first()]);
  auto answer = lanes_.offer(key, at, retries_.is_waiting(at));
  if (answer.what == key_lanes::verdict::queued) return;
  auto* to =
    answer.what == key_lanes::verdict::free ? next_consumer() : nullptr;
  if (!to) {
    auto holder = consumers_.find(answer.holder);
    if (holder == consumers_.end() || !holder->second.has_credit()) {
      lanes_.queue(key, at);
      return;
    }
    to = &holder->second;
  }
  lanes_.lend(key, at, to->asked.id);
  give(*to, in, {at, 1});
}

// -- to whom

/// Returns the consumer whose turn it is; there is credit. Each gets its share
/// of what is there in a row, so that runs stay long and nobody idles.
queue_machine::consumer* queue_machine::next_consumer() {
  auto at = consumers_.lower_bound(served_);
  auto same = at != consumers_.end() && at->first == served_;
  if (same && (served_run_ >= share_ || !at->second.has_credit())) ++at;
  for (;; ++at) {
    if (at == consumers_.end()) at = consumers_.begin();
    if (at->second.has_credit()) break;
  }
  if (at->first != served_) served_run_ = 0;
  if (at->first == served_ && served_run_ >= share_) served_run_ = 0;
  served_ = at->first;
  return &at->second;
}

void queue_machine::give(consumer& to, segment& from, const position_run& run) {
  from.add_loans(run.count);
  to.outstanding += run.count;
  credit_ -= run.count;
  if (to.asked.id == served_) served_run_ += run.count;
  auto attempt = retries_.is_empty() ? 1 : retries_.attempt(run.first);
  if (!to.given.empty()) {
    auto& last = to.given.back();
    auto follows =
      last.at + last.count == run.first && last.messages == from.messages();
    if (follows && last.attempt == 1 && attempt == 1) {
      last.count += run.count;
      return;
    }
  }
  to.given.push_back(
    {from.messages(), static_cast<std::uint32_t>(run.first - from.first()),
     run.count, run.first, from.published_at(), attempt});
}

void queue_machine::deal_out() {
  for (auto& [id, x] : consumers_) {
    if (x.given.empty()) continue;
    for (const auto& run : x.given) loans_.lend(id, {run.at, run.count});
    out_.deliveries.push_back({id, std::exchange(x.given, {})});
  }
}

// -- bodies in memory and on disk

bool queue_machine::is_at_hand(segment& x) {
  if (x.messages()) return true;
  if (!x.is_loading()) {
    x.set_loading(true);
    out_.fetches.push_back({partition_of(x.first()), x.index(), x.first()});
  }
  return false;
}

void queue_machine::read_ahead(partition_state& in, const segment& from) {
  auto& all = in.log.segments();
  auto at = std::ranges::lower_bound(all, from.first(), {}, &segment::first);
  for (std::size_t i = 0; i < segments_read_ahead; ++i, ++at) {
    if (at == all.end() || at->index() == 0) return;
    if (!at->is_done()) is_at_hand(*at);
  }
}

void queue_machine::drop_bodies(segment& x) {
  if (!x.messages()) return;
  figures_.resident_bytes -= x.messages()->bytes().size();
  x.set_messages(nullptr);
}

} // namespace troupe
