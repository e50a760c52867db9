#pragma once

#include "actors/source_report.hpp"
#include "actors/supervisor_actor.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace troupe {

/// Knows which sources and stages run on this member, as long as they do. May
/// be used from any thread. It keeps nobody alive.
class hosted_work {
public:
  void note_source(
    const std::string& name, const std::shared_ptr<source_report>& report) {
    auto guard = std::lock_guard{mutex_};
    sources_[name] = report;
  }

  /// A stage has an instance for each shard that it reads.
  void note_stage(
    const std::string& name,
    const std::string& shard,
    const std::shared_ptr<supervisor_figures>& figures) {
    auto guard = std::lock_guard{mutex_};
    stages_[{name, shard}] = figures;
  }

  /// Returns `{"sources": {name: {"ended", "failure"}}, "paused": [stage]}`.
  /// A source has ended once all of it is confirmed.
  boost::json::object report() const;

private:
  mutable std::mutex mutex_; // guards what follows
  std::map<std::string, std::weak_ptr<source_report>> sources_;
  std::
    map<std::pair<std::string, std::string>, std::weak_ptr<supervisor_figures>>
      stages_;
};

} // namespace troupe
