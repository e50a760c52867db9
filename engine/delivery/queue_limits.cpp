#include "engine/delivery/queue_machine.hpp"
#include "engine/message/properties.hpp"

#include <algorithm>

// queue_machine: what a queue does not take in, and what it drives out.

namespace troupe {

bool queue_machine::has_limits() const {
  return options_.overflow != overflow::hold
         && (options_.max_length > 0 || options_.max_bytes > 0);
}

// -- what is not taken in

/// Returns the messages of `fresh`, the last of the batch, that no rule keeps
/// out; null where there is none. Notes in the answer what was refused.
batch_ptr
queue_machine::take_in(const publish& what, batch_ptr fresh, confirm& answer) {
  auto refuses = has_limits() && options_.overflow != overflow::drop_head;
  // What consumers can take at once does not stay.
  auto coming = roster_.has_able() ? unstored_ : 0;
  auto coming_bytes = roster_.has_able() ? unstored_bytes_ : 0;
  auto length = ready() - std::min(ready(), coming);
  auto bytes =
    figures_.ready_bytes - std::min(figures_.ready_bytes, coming_bytes);
  auto taken = batch_builder{};
  auto before = what.messages->size() - fresh->size();
  for (std::size_t i = 0; i < fresh->size(); ++i) {
    auto x = (*fresh)[i];
    auto fits =
      (options_.max_length == 0 || length < options_.max_length)
      && (options_.max_bytes == 0 || bytes + x.body().size() <= options_.max_bytes);
    if (refuses && !fits) {
      answer.refused.push_back(static_cast<std::uint32_t>(before + i));
      continue;
    }
    if (seen_ && is_repeat(what, x)) continue;
    taken.add(*fresh, i);
    ++length;
    bytes += x.body().size();
  }
  figures_.refused += answer.refused.size();
  if (!answer.refused.empty()) refuse(what, answer.refused);
  return taken.size() == fresh->size() ? fresh : taken.take();
}

bool queue_machine::is_repeat(const publish& what, const message& x) {
  auto header = find_header(x.encoded_properties(), seen_->rule().header);
  auto value = header ? to_text(*header) : std::nullopt;
  if (!value || !seen_->is_repeat(*value, what.partition, now_)) return false;
  ++figures_.repeats_dropped;
  return true;
}

/// Makes dead letters of messages that were not taken in, where the queue's
/// rules say so.
void queue_machine::refuse(
  const publish& what, const std::vector<std::uint32_t>& which) {
  const auto& rule = options_.dead_letters;
  if (options_.overflow != overflow::reject_publish_dead_letter || !rule)
    return;
  auto& in = partitions_[what.partition];
  auto letters = batch_builder{};
  auto entry = settle_entry{};
  entry.queue = options_.id;
  for (auto i : which) {
    add_dead_letter(
      letters, (*what.messages)[i], *rule,
      {options_.name, death_reason::maxlen, now_, false});
    if (letters.is_full()) emit(in, entry, {rule->output, letters.take()});
  }
  if (!letters.empty()) emit(in, entry, {rule->output, letters.take()});
  figures_.dead_lettered += which.size();
  commit(in, std::move(entry), {}, 0);
}

// -- what is driven out

/// Drops the oldest ready messages until the rest is within the limits. What
/// is not stored yet does not count: a consumer may still be there for it.
void queue_machine::enforce_limits() {
  auto is_over = [&] {
    auto length = ready() - std::min(ready(), unstored_);
    auto bytes =
      figures_.ready_bytes - std::min(figures_.ready_bytes, unstored_bytes_);
    return (options_.max_length > 0 && length > options_.max_length)
           || (options_.max_bytes > 0 && bytes > options_.max_bytes);
  };
  auto entries = open_entries{};
  while (is_over()) {
    auto at = take_head();
    if (!at) break;
    auto& in = partition(*at);
    figures_.ready_bytes -= in.log.find(*at)->bytes({*at, 1});
    die(in, entry_of(entries, in), {*at, 1}, death_reason::maxlen);
  }
  commit(std::move(entries));
}

/// Takes the message that would be lent next out of the line.
std::optional<position> queue_machine::take_head() {
  for (auto in = partitions_.rbegin(); in != partitions_.rend(); ++in)
    if (auto at = take_head(*in)) return at;
  if (!options_.key) return std::nullopt;
  auto oldest = lanes_.oldest_waiting();
  if (oldest) lanes_.take_waiting([&](position at) { return at == *oldest; });
  return oldest;
}

std::optional<position> queue_machine::take_head(partition_state& in) {
  auto back = returned_.lower_bound(partition_start(in.log.partition()));
  if (back != returned_.end() && partition_of(*back) == in.log.partition()) {
    auto at = *back;
    returned_.erase(back);
    return at;
  }
  while (auto* x = in.log.fresh()) {
    auto at = in.log.cursor();
    while (at < x->end()
           && (x->is_settled(at) || retries_.is_waiting(at) || is_doomed(at)))
      ++at;
    in.log.advance(std::min(at + 1, x->end()));
    if (at < x->end()) return at;
  }
  return std::nullopt;
}

} // namespace troupe
