#include "engine/routing/route_table.hpp"

#include "engine/ring/slot_map.hpp"

#include <algorithm>
#include <numeric>

namespace troupe {

namespace {

using indexes = std::vector<std::uint32_t>; // of messages, rising

/// One batch on its way through the rules.
class walk {
public:
  walk(
    const route_table& table,
    const std::vector<std::uint64_t>& sequences,
    const batch_ptr& messages)
    : table_{table}, sequences_{sequences}, messages_{messages} {}

  route_table::answer take() { return std::move(found_); }

  void follow(const std::string& output, const indexes& which) {
    if (which.empty()) return;
    if (output.starts_with("queue:")) {
      enqueue(output.substr(6), which);
      return;
    }
    auto targets = table_.outputs.find(output);
    if (targets == table_.outputs.end()) {
      found_.dropped += which.size();
      return;
    }
    for (const auto& target : targets->second)
      if (target.what == route_target::kind::queue)
        enqueue(target.name, which);
      else
        apply(table_.rules.at(target.name), which);
  }

private:
  void apply(const match_rule& rule, const indexes& which) {
    auto matched = std::vector<indexes>(rule.routes.size());
    auto rest = indexes{};
    for (auto i : which) {
      auto none = true;
      for (std::size_t r = 0; r < rule.routes.size(); ++r) {
        if (!rule.routes[r].when.holds((*messages_)[i])) continue;
        matched[r].push_back(i);
        none = false;
      }
      if (none) rest.push_back(i);
    }
    for (std::size_t r = 0; r < rule.routes.size(); ++r)
      follow(rule.routes[r].output, matched[r]);
    if (rule.unmatched.empty())
      found_.dropped += rest.size();
    else
      follow(rule.unmatched, rest);
  }

  void enqueue(const std::string& queue, const indexes& which) {
    auto known = table_.queues.find(queue);
    if (known == table_.queues.end()) {
      found_.dropped += which.size();
      return;
    }
    const auto& to = known->second;
    if (to.partitions == 1 || !to.key) {
      cut(queue, 0, which);
      return;
    }
    auto parts = std::vector<indexes>(to.partitions);
    auto scratch = std::string{};
    for (auto i : which) {
      auto key = to.key->value((*messages_)[i], scratch).value_or("");
      parts[partition_of(slot_of(key), to.partitions)].push_back(i);
    }
    for (std::uint16_t p = 0; p < to.partitions; ++p)
      if (!parts[p].empty()) cut(queue, p, parts[p]);
  }

  /// Puts messages in a batch of their own, or shares the one they are in.
  void
  cut(const std::string& queue, std::uint16_t partition, const indexes& which) {
    if (which.size() == messages_->size()) {
      found_.to.push_back({queue, partition, sequences_, messages_});
      return;
    }
    auto part = batch_builder{};
    auto numbers = std::vector<std::uint64_t>{};
    for (auto i : which) {
      part.add(*messages_, i);
      if (!sequences_.empty()) numbers.push_back(sequences_[i]);
    }
    found_.to.push_back({queue, partition, std::move(numbers), part.take()});
  }

  const route_table& table_;
  const std::vector<std::uint64_t>& sequences_;
  const batch_ptr& messages_;
  route_table::answer found_;
};

} // namespace

route_table::answer route_table::route(
  const std::string& output,
  const std::vector<std::uint64_t>& sequences,
  const batch_ptr& messages) const {
  auto all = indexes(messages->size());
  std::iota(all.begin(), all.end(), 0);
  auto through = walk{*this, sequences, messages};
  through.follow(output, all);
  return through.take();
}

} // namespace troupe
