#include "engine/base/id_text.hpp"
#include "engine/replication/group_replica.hpp"

#include <algorithm>

// group_replica: what committed entries bring about.

namespace troupe {

using namespace cluster;

namespace {

// Entries are read back in pieces of so many, after a start.
constexpr log_index most_read = 1024;

// How many entries without any effect may pass until that is noted.
constexpr log_index most_unmarked = 4096;

std::string whole(const encoded_entry& x) {
  auto made = x.head;
  if (x.body) made.append(x.body->bytes());
  return made;
}

} // namespace

/// Gathers the effects of all that is committed and at hand; asks for what is
/// not at hand.
void group_replica::apply_on() {
  if (is_reading_to_apply_ || installing_) return;
  while (applied_ < committed_) {
    auto next = applied_ + 1;
    auto* entry = tail_.find(next);
    if (!entry) {
      auto last =
        std::min({committed_, tail_.first() - 1, applied_ + most_read});
      is_reading_to_apply_ = true;
      read({next, last, applying{}});
      break;
    }
    if (entry->size() > 0 && !add_effects(whole(*entry))) break;
    applied_ = next;
  }
  close_effects();
  tail_.release(std::min(applied_, stored_));
}

/// False where the entry cannot be understood: then nothing goes on.
bool group_replica::add_effects(const std::string& raw) {
  auto effects = effects_of(raw);
  if (!effects) {
    out_.others.push_back(abort_process{
      "entry " + std::to_string(applied_ + 1) + " of "
      + group_text(options_.group)
      + " is committed and cannot be read: " + effects.error().detail});
    return false;
  }
  for (auto index : effects->erases) to_erase_.add(index);
  if (effects->is_spent) to_erase_.add(applied_ + 1);
  has_new_erases_ |= !effects->erases.empty() || effects->is_spent;
  for (auto& x : effects->changes)
    effects_.changes.push_back({options_.group, std::move(x)});
  return true;
}

/// Hands over what was gathered. Who waits is told once it can be seen.
void group_replica::close_effects() {
  for (auto index : to_erase_.take_up_to(machine_.log().base().index))
    effects_.erases.push_back({options_.group, index});
  auto has_effects =
    has_new_erases_ || !effects_.changes.empty() || !effects_.erases.empty();
  if (!has_effects && applied_ - marked_ < most_unmarked) {
    auto is_under_way = std::ranges::any_of(
      writing_, [](const auto& x) { return x.second.applied > 0; });
    if (!is_under_way)
      end_tickets(applied_);
    else if (applied_ > ended_)
      writing_.back().second.applied = applied_;
    return;
  }
  effects_.applied.emplace_back(options_.group, applied_so_far());
  has_new_erases_ = false;
  effects_.sync = false;
  marked_ = applied_;
  out_.writes.push_back({++jobs_, std::exchange(effects_, {})});
  auto told = written{};
  told.applied = applied_;
  writing_.emplace_back(jobs_, std::move(told));
}

void group_replica::finish(
  const reading&,
  applying&,
  const std::vector<log_store::raw_entry>& entries,
  local_time) {
  is_reading_to_apply_ = false;
  for (const auto& raw : entries) {
    if (!raw.empty() && !add_effects(raw)) return;
    ++applied_;
  }
}

/// Erases, with the job that is open, what lies up to the new base.
void group_replica::erase_trimmed() {
  auto gone = to_erase_.take_up_to(machine_.log().base().index);
  if (gone.empty()) return;
  close_effects(); // the mark below says that they are done
  for (auto index : gone) job_.erases.push_back({options_.group, index});
  job_.applied.emplace_back(options_.group, applied_so_far());
}

applied_mark group_replica::applied_so_far() const {
  return {applied_, to_erase_.runs()};
}

// -- those who wait

void group_replica::end_tickets(log_index up_to) {
  ended_ = std::max(ended_, up_to);
  while (!tickets_.empty() && tickets_.front().last <= ended_) {
    auto [number, first, last] = tickets_.front();
    tickets_.pop_front();
    out_.ended.push_back({number, true, first});
  }
}

/// The group is another's now; what was not committed may be, or not.
void group_replica::lose_tickets() {
  for (const auto& x : std::exchange(tickets_, {}))
    out_.ended.push_back({x.number, false, x.first});
}

} // namespace troupe
