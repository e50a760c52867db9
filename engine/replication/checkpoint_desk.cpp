#include "engine/replication/checkpoint_desk.hpp"

#include <algorithm>

namespace troupe {

using namespace cluster;

namespace {

/// The view of the piece is not there, or there is no such piece in it.
result<piece_answer> gone_or(const error& failed) {
  if (failed.code == errc::not_found) return piece_answer{};
  return failed;
}

} // namespace

result<piece_answer> checkpoint_desk::cut(held& from, std::uint64_t number) {
  auto bytes = from.view->piece(number);
  if (!bytes) return gone_or(bytes.error());
  auto is_last = from.view->is_last(number);
  from.is_sent = is_last;
  return piece_answer{piece_answer::state::cut, std::move(*bytes), is_last};
}

result<piece_answer>
checkpoint_desk::piece(group_id group, const piece_job& what, local_time now) {
  auto* x = find(group, what);
  if (x && x->at == what.at) {
    // A follower that is down is sent the same piece for ever.
    if (std::exchange(x->asked, what.piece) != what.piece) x->asked_at = now;
    return cut(*x, what.piece);
  }
  if (what.piece > 0) return piece_answer{}; // it goes by another view
  return begin(group, what, now);
}

/// Makes a view in the place of what the follower had before.
result<piece_answer>
checkpoint_desk::begin(group_id group, const piece_job& what, local_time now) {
  std::erase_if(
    views_, [&](const held& x) { return x.group == group && x.to == what.to; });
  if (!make_room(now))
    return piece_answer{piece_answer::state::later, {}, false};
  auto view =
    store_.view(group, what.at.epoch, what.at.index, options_.piece_bytes);
  if (!view) return gone_or(view.error());
  views_.push_back(
    {group, what.to, what.at, what.piece, now, std::move(*view)});
  return cut(views_.back(), what.piece);
}

bool checkpoint_desk::make_room(local_time now) {
  if (views_.size() < options_.most_views) return true;
  auto age = [](const held& x) { return std::pair{!x.is_sent, x.asked_at}; };
  auto oldest = std::ranges::min_element(views_, {}, age);
  if (oldest == views_.end()) return false;
  auto is_spared = now - oldest->asked_at < options_.spared_for;
  if (!oldest->is_sent && is_spared) return false;
  views_.erase(oldest);
  return true;
}

checkpoint_desk::held*
checkpoint_desk::find(group_id group, const piece_job& what) {
  auto found = std::ranges::find_if(
    views_, [&](const held& x) { return x.group == group && x.to == what.to; });
  return found == views_.end() ? nullptr : &*found;
}

void checkpoint_desk::drop(group_id group) {
  std::erase_if(views_, [&](const held& x) { return x.group == group; });
}

void checkpoint_desk::on_tick(local_time now) {
  std::erase_if(views_, [&](const held& x) {
    return now - x.asked_at >= options_.idle_after;
  });
}

} // namespace troupe
