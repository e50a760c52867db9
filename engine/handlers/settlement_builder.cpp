#include "engine/handlers/settlement_builder.hpp"

#include "engine/delivery/positions.hpp"
#include "engine/message/make_message.hpp"

#include <algorithm>

namespace troupe {

namespace {

void extend(std::vector<position_run>& runs, position at) {
  if (!runs.empty() && runs.back().first + runs.back().count == at)
    ++runs.back().count;
  else
    runs.push_back({at, 1});
}

} // namespace

settlement_builder::open& settlement_builder::of(position at) {
  auto partition = partition_of(at);
  auto [found, fresh] = open_.try_emplace(partition);
  if (fresh) found->second.what.partition = partition;
  return found->second;
}

void settlement_builder::ack(handling& done) {
  auto& into = of(done.at());
  extend(into.what.acked, done.at());
  for (auto& [output, draft] : done.emits()) {
    auto& builder = into.emits[output];
    if (builder.is_full()) into.what.emits.push_back({output, builder.take()});
    bytes_ += draft.body.size();
    add(builder, draft);
  }
  for (auto& change : done.changes()) {
    bytes_ += change.name.size() + (change.value ? change.value->size() : 0);
    into.what.changes.push_back(std::move(change));
  }
}

void settlement_builder::fail(failure failed) {
  auto& into = of(failed.at);
  into.what.failed.push_back(std::move(failed));
}

void settlement_builder::give_back(position at) {
  extend(of(at).what.returned, at);
}

std::vector<settlement> settlement_builder::take() {
  auto all = std::vector<settlement>{};
  for (auto& [partition, x] : open_) {
    for (auto& [output, builder] : x.emits)
      if (!builder.empty()) x.what.emits.push_back({output, builder.take()});
    all.push_back(std::move(x.what));
  }
  std::stable_partition(all.begin(), all.end(), [](const settlement& x) {
    return x.acked.empty() && x.failed.empty();
  });
  open_.clear();
  bytes_ = 0;
  return all;
}

} // namespace troupe
