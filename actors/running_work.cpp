#include "actors/running_work.hpp"

namespace troupe {

void running_work::note_source(
  const std::string& name, const std::shared_ptr<source_report>& report) {
  auto guard = std::lock_guard{mutex_};
  sources_[name] = report;
}

void running_work::note_stage(
  const std::string& name,
  const std::string& shard,
  const std::shared_ptr<supervisor_figures>& figures) {
  auto guard = std::lock_guard{mutex_};
  stages_[{name, shard}] = figures;
}

running_work::values running_work::read() const {
  auto guard = std::lock_guard{mutex_};
  auto all = values{};
  // What is gone runs on another member now, which leads its group.
  for (const auto& [name, weak] : sources_)
    if (auto report = weak.lock()) all.sources[name] = report->read();
  for (const auto& [key, weak] : stages_) {
    auto figures = weak.lock();
    if (!figures) continue;
    auto& x = all.stages[key.first];
    x.restarts += figures->restarts;
    x.is_paused |= figures->has_given_up;
  }
  return all;
}

bool has_ended(const source_report::values& source) {
  return source.has_ended && source.confirmed == source.published;
}

} // namespace troupe
