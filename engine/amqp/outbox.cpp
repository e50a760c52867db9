#include "engine/amqp/outbox.hpp"

#include <algorithm>

namespace troupe::amqp {

namespace {

// What a message costs besides its body, about.
constexpr std::uint64_t bytes_around_body = 64;

// Gatherings beyond this many are searched for too long: they leave early.
constexpr std::size_t most_gatherings = 64;

void append(std::vector<origin_run>& to, const origin_run& one) {
  if (!to.empty()) {
    auto& last = to.back();
    auto follows =
      one.first == 0 ? last.first == 0 : last.first + last.count == one.first;
    if (follows && last.first != 0 && last.opened != one.opened)
      follows = false;
    if (follows) {
      last.count += one.count;
      return;
    }
  }
  to.push_back(one);
}

/// Appends the messages `from` up to and without `end` of a batch.
void cut(
  const std::vector<origin_run>& origins,
  std::uint64_t from,
  std::uint64_t end,
  bool is_refused,
  std::vector<outbox::outcome>& to) {
  auto at = std::uint64_t{0};
  for (const auto& run : origins) {
    auto low = std::max(at, from);
    auto high = std::min(at + run.count, end);
    if (low < high && run.first != 0) {
      auto part = run;
      part.first += low - at;
      part.count = high - low;
      to.push_back({part, is_refused});
    }
    at += run.count;
  }
}

} // namespace

void outbox::add(
  const outbox_place& place,
  const message& what,
  const origin_run& from,
  bool expires) {
  auto& into = find(place);
  into.messages.add(what);
  into.has_expirations |= expires;
  auto bytes =
    what.body().size() + what.encoded_properties().size() + bytes_around_body;
  into.bytes += bytes;
  open_bytes_ += bytes;
  append(into.origins, from);
  if (into.messages.is_full()) send(into);
}

outbox::gathering& outbox::find(const outbox_place& place) {
  if (last_ < used_ && gatherings_[last_].place == place)
    return gatherings_[last_];
  for (std::size_t i = 0; i < used_; ++i)
    if (gatherings_[i].place == place) return gatherings_[last_ = i];
  if (used_ == most_gatherings) {
    for (auto& x : gatherings_) send(x);
    used_ = 0;
  }
  if (used_ == gatherings_.size()) gatherings_.emplace_back();
  auto& made = gatherings_[last_ = used_++];
  made.place = place;
  made.to = place.to->shared_from_this();
  return made;
}

void outbox::send(gathering& what) {
  if (what.messages.empty()) return;
  auto ticket = ++last_ticket_;
  auto made = publication{what.to, {}};
  made.what.ticket = ticket;
  made.what.partition = what.place.partition;
  made.what.messages = what.messages.take();
  made.what.has_expirations = what.has_expirations;
  made.what.is_delayed = what.place.is_delayed;
  ready_.push_back(std::move(made));
  open_.emplace(ticket, sent{what.to->id, what.bytes, std::move(what.origins)});
  what.origins.clear();
  what.bytes = 0;
  what.has_expirations = false;
}

void outbox::flush(std::vector<notice>& to) {
  for (std::size_t i = 0; i < used_; ++i) {
    send(gatherings_[i]);
    gatherings_[i].to = nullptr;
    gatherings_[i].place = {};
  }
  used_ = 0;
  for (auto& x : ready_) to.emplace_back(std::move(x));
  ready_.clear();
}

void outbox::close(
  std::uint64_t ticket,
  const std::vector<std::uint32_t>& refused,
  std::vector<outcome>& to) {
  auto found = open_.find(ticket);
  if (found == open_.end()) return;
  const auto& origins = found->second.origins;
  auto sorted = refused;
  std::ranges::sort(sorted);
  auto at = std::uint64_t{0};
  for (auto i : sorted) {
    cut(origins, at, i, false, to);
    cut(origins, i, i + 1u, true, to);
    at = i + 1u;
  }
  cut(origins, at, ~std::uint64_t{0}, false, to);
  open_bytes_ -= found->second.bytes;
  open_.erase(found);
}

void outbox::close_all(queue_id to_queue, std::vector<outcome>& to) {
  for (auto it = open_.begin(); it != open_.end();) {
    if (it->second.to != to_queue) {
      ++it;
      continue;
    }
    cut(it->second.origins, 0, ~std::uint64_t{0}, true, to);
    open_bytes_ -= it->second.bytes;
    it = open_.erase(it);
  }
}

} // namespace troupe::amqp
