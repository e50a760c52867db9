#pragma once

#include "actors/node/clients.hpp"
#include "actors/node/configuration.hpp"
#include "actors/queue_actor.hpp"
#include "actors/source_report.hpp"
#include "actors/supervisor_actor.hpp"
#include "engine/base/result.hpp"
#include "engine/cluster/handling_gate.hpp"
#include "engine/routing/route_table.hpp"

#include <troupe/registry.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

// From a checked configuration to what the node's actors are started with.

namespace troupe {

/// Returns where in a data folder the store lies.
std::filesystem::path store_folder(const std::filesystem::path& data_dir);

/// Opens the store; waits a second for another process that has it.
result<std::shared_ptr<log_store>>
open_store(const std::filesystem::path& data_dir);

/// A queue as the store remembers it, without any configuration.
struct known_queue {
  queue_options options;
  bool is_dead_letters = false;
};
result<std::vector<known_queue>> known_queues(const log_store& store);

/// Returns the queues of a plan, and those that only the store still knows:
/// what is in them must not be lost from sight. Remembers new ones. Those that
/// clients declared are not among them.
result<std::vector<queue_options>> queues_of(
  log_store& store, const checked_config& what, const kept_topology& kept);

/// The same without a plan.
result<std::vector<known_queue>>
queues_of(const log_store& store, const kept_topology& kept);

/// Returns a queue as configured, without its number.
queue_options options_of(const queue_config& queue);

/// Returns the share of the memory budget that one queue of so many gets.
std::uint64_t memory_share(std::uint64_t budget, std::size_t queues);

std::shared_ptr<route_table> make_route_table(
  const checked_config& what, const std::vector<queue_options>& queues);

/// The stages of a pipeline: one supervisor each, over its consumers.
struct stage_set {
  supervisor_options tree;
  std::set<std::string> consumed; // queues
  std::map<std::string, std::shared_ptr<supervisor_figures>> figures;
};

/// What stages work with.
struct stage_places {
  std::shared_ptr<log_store> store; // for the state of handlers
  directory_actor directory;        // of their queues
  std::function<void(const std::string& why)> stop_node;
};

stage_set stages_of(
  const checked_config& what,
  const registry& handlers,
  const stage_places& places);

/// Where a stage gets its messages on a member of a cluster.
struct stage_shard {
  std::string name; // in the directory of shards
  std::shared_ptr<const cluster::handling_gate> gate;
};

/// Returns the stages that read a queue, for what is in one shard of it.
std::vector<supervisor_options> stages_of_shard(
  const checked_config& what,
  const registry& handlers,
  const stage_places& places,
  const std::string& queue,
  const stage_shard& shard);

struct source_set {
  supervisor_options tree;
  std::map<std::string, std::shared_ptr<source_report>> reports;
};

/// Returns the sources, or those whose progress is kept in one group. Fails
/// where one cannot be opened.
result<source_set> sources_of(
  const checked_config& what,
  const std::shared_ptr<log_store>& store,
  const queue_places& places,
  std::optional<group_id> only = {});

} // namespace troupe
