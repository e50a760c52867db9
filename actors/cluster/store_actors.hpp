#pragma once

#include "actors/cluster/interfaces.hpp"
#include "engine/replication/checkpoint_desk.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace troupe {

/// Writes for all groups of a member: what gathers while the last fsync runs
/// becomes one commit with one fsync. Spawn it detached, for it blocks. A
/// write that fails ends the process.
class writer_state {
public:
  static inline const char* name = "writer";

  writer_actor::behavior_type handlers(
    writer_actor::stateful_pointer<writer_state> self,
    std::shared_ptr<log_store> store,
    std::shared_ptr<std::atomic<bool>> is_full);

private:
  void write(writer::write& msg);
  void flush();
  void gather(commit_request& what);
  void commit();
  void do_commit(const commit_request& what);
  void look();
  void tell_space();

  writer_actor::stateful_pointer<writer_state> self_ = nullptr;
  std::shared_ptr<log_store> store_;
  std::shared_ptr<std::atomic<bool>> is_full_;
  caf::strong_actor_ptr asker_; // the replicas; none before they write
  bool was_full_ = false;       // as they were told
  std::vector<std::pair<group_id, write_job>> waiting_;
  commit_request gathered_;
  bool has_gathered_ = false;
  std::size_t bytes_ = 0;
};

writer_actor::behavior_type run_writer(
  writer_actor::stateful_pointer<writer_state> self,
  std::shared_ptr<log_store> store,
  std::shared_ptr<std::atomic<bool>> is_full);

/// Reads for all groups of a member. Spawn it detached, for it blocks.
class lookup_state {
public:
  static inline const char* name = "lookup";

  lookup_actor::behavior_type handlers(
    lookup_actor::stateful_pointer<lookup_state> self,
    std::shared_ptr<log_store> store);

private:
  void read(const lookup::read_entries& msg);
  void cut(const lookup::cut_piece& msg);
  void recover(const lookup::recover_shards& msg);
  void find_orphans(const lookup::find_orphans& msg);
  void tidy();

  lookup_actor::stateful_pointer<lookup_state> self_ = nullptr;
  std::shared_ptr<log_store> store_;
  std::optional<checkpoint_desk> desk_;
};

lookup_actor::behavior_type run_lookup(
  lookup_actor::stateful_pointer<lookup_state> self,
  std::shared_ptr<log_store> store);

} // namespace troupe
