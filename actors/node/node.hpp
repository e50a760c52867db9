#pragma once

#include "actors/control.hpp"
#include "actors/node/configuration.hpp"
#include "actors/node/work_progress.hpp"
#include "engine/base/result.hpp"

#include <troupe/registry.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

/// One running node: the store, the actors, and the supervision tree
///
///   node ─┬─ queues ─── queue ...
///         └─ pipeline ─ stage ─── consumer ...
///
/// beside store, reader, directory and router, without which nothing can go
/// on: should one of them fail, the process ends and the next start recovers.
class node {
public:
  /// Called, from any thread, when the node cannot go on and should be
  /// stopped.
  using stop_asked = std::function<void(const std::string& why)>;

  /// Opens the store and starts everything a configuration asks for. Returns
  /// once all queues have recovered.
  static result<std::unique_ptr<node>>
  start(const checked_config& what, const registry& handlers, stop_asked asked);

  /// Starts the queues alone, as the store knows them: nothing is consumed.
  static result<std::unique_ptr<node>>
  start_quiet(const std::filesystem::path& data_dir);

  ~node();

  std::shared_ptr<control> answers() const;

  /// Looks how much is left to do, in a cluster on all its members; blocks for
  /// some seconds at most. One thread at a time.
  work_progress look();

  /// Tells the other members of a cluster that the work is done, or why it can
  /// go no further. Returns whether that stands; otherwise look again.
  bool conclude(const std::string& failure);

  /// Stops sources, lets handlers finish the message at hand, writes
  /// checkpoints. Returns false when that took longer than `grace`; nothing is
  /// lost then either, only handled again.
  bool stop(duration grace);

private:
  struct parts;
  explicit node(std::unique_ptr<parts> all);

  std::unique_ptr<parts> parts_;
};

} // namespace troupe
