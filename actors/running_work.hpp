#pragma once

#include "actors/source_report.hpp"
#include "actors/supervisor_actor.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace troupe {

/// Knows which sources and stages run on this node, as long as they do. May be
/// used from any thread. It keeps nobody alive.
class running_work {
public:
  struct stage {
    std::uint64_t restarts = 0; // of all its instances
    bool is_paused = false;     // one of them has given up
  };
  struct values {
    std::map<std::string, source_report::values> sources;
    std::map<std::string, stage> stages;
  };

  void note_source(
    const std::string& name, const std::shared_ptr<source_report>& report);

  /// A stage has an instance for each shard that it reads; by itself a node
  /// has one, whose shard is empty.
  void note_stage(
    const std::string& name,
    const std::string& shard,
    const std::shared_ptr<supervisor_figures>& figures);

  values read() const;

private:
  mutable std::mutex mutex_; // guards what follows
  std::map<std::string, std::weak_ptr<source_report>> sources_;
  std::
    map<std::pair<std::string, std::string>, std::weak_ptr<supervisor_figures>>
      stages_;
};

/// Says whether a source has nothing more to give and all it gave is safe.
bool has_ended(const source_report::values& source);

} // namespace troupe
