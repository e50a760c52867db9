#include "engine/coordinator/key_space.hpp"

#include <algorithm>

namespace troupe {

namespace {

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

std::size_t bytes_of(const key_change& what) {
  return what.key.size() + (what.value ? what.value->size() : 0);
}

} // namespace

// -- restoring

void key_space::restore(std::string key, key_cell cell) {
  cells_[std::move(key)] = std::move(cell);
}

void key_space::restored(revision at) {
  at_ = at;
  forgotten_ = at;
  past_.clear();
  past_bytes_ = 0;
}

// -- reading

kept_range key_space::range(std::string_view prefix) const {
  auto out = kept_range{at_, {}};
  auto next = cells_.lower_bound(std::string{prefix});
  for (; next != cells_.end() && begins_with(next->first, prefix); ++next)
    out.values.push_back(
      {next->first, next->second.value, next->second.changed});
  return out;
}

const key_cell* key_space::find(const std::string& key) const {
  auto found = cells_.find(key);
  return found == cells_.end() ? nullptr : &found->second;
}

std::optional<std::vector<key_change>>
key_space::changes_after(std::string_view prefix, revision after) const {
  if (after < forgotten_) return {};
  auto out = std::vector<key_change>{};
  auto first = std::upper_bound(
    past_.begin(), past_.end(), after,
    [](revision at, const key_change& x) { return at < x.at; });
  for (; first != past_.end(); ++first)
    if (begins_with(first->key, prefix)) out.push_back(*first);
  return out;
}

// -- changing

txn_answer key_space::apply(const txn_request& what) {
  if (auto fault = check(what); fault.code != errc::none)
    return refused_txn(fault.detail);
  for (const auto& x : what.expects)
    if (!holds(x)) return conflict(what);
  if (what.under != session_id::none && !sessions_.contains(what.under))
    return refused_txn("the session is over; open another");
  auto next = at_ + 1;
  auto has_changed = !what.puts.empty();
  for (const auto& x : what.puts) put(x, what.under, next);
  for (const auto& x : what.erases) has_changed |= erase(x, next);
  if (has_changed) at_ = next;
  forget_oldest();
  return {txn_outcome::done, at_, {}, {}};
}

bool key_space::holds(const expectation& what) const {
  const auto* cell = find(what.key);
  return (cell == nullptr ? 0 : cell->changed) == what.changed;
}

txn_answer key_space::conflict(const txn_request& what) const {
  auto keys = std::set<std::string>{};
  for (const auto& x : what.expects) keys.insert(x.key);
  auto out = txn_answer{txn_outcome::conflict, at_, {}, {}};
  for (const auto& key : keys)
    if (const auto* cell = find(key))
      out.current.push_back({key, cell->value, cell->changed});
  return out;
}

void key_space::put(const put_value& what, session_id under, revision at) {
  cells_[what.key] = {what.value, at, under};
  note({what.key, what.value, at});
}

bool key_space::erase(const std::string& key, revision at) {
  if (cells_.erase(key) == 0) return false;
  note({key, {}, at});
  return true;
}

// -- sessions

session_id key_space::open_session() {
  auto id = session_id{++last_session_};
  sessions_.insert(id);
  return id;
}

std::vector<std::string> key_space::end_session(session_id which) {
  if (sessions_.erase(which) == 0) return {};
  return erase_under({which});
}

std::vector<std::string> key_space::end_strays() {
  auto strays = std::set<session_id>{};
  for (const auto& [key, cell] : cells_)
    if (cell.under != session_id::none && !sessions_.contains(cell.under))
      strays.insert(cell.under);
  return erase_under(strays);
}

std::vector<std::string>
key_space::erase_under(const std::set<session_id>& ended) {
  auto keys = std::vector<std::string>{};
  for (const auto& [key, cell] : cells_)
    if (ended.contains(cell.under)) keys.push_back(key);
  for (const auto& key : keys) erase(key, at_ + 1);
  if (!keys.empty()) ++at_;
  forget_oldest();
  return keys;
}

// -- the past

void key_space::note(key_change what) {
  past_bytes_ += bytes_of(what);
  past_.push_back(std::move(what));
}

void key_space::compact(revision upto) {
  while (!past_.empty() && past_.front().at <= upto) {
    past_bytes_ -= bytes_of(past_.front());
    past_.pop_front();
  }
  forgotten_ = std::max(forgotten_, std::min(upto, at_));
}

// The newest revision stays, whatever its size.
void key_space::forget_oldest() {
  while (!past_.empty() && past_.front().at < at_
         && (past_.size() > most_.changes || past_bytes_ > most_.bytes))
    compact(past_.front().at);
}

} // namespace troupe
