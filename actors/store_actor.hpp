#pragma once

#include "actors/interfaces.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <memory>
#include <vector>

namespace troupe {

/// Writes for everybody: what has gathered in its mailbox while the last fsync
/// ran becomes one commit with one fsync. Spawn it detached, for it blocks.
///
/// A write that fails ends the process at once: after a failed fsync nobody
/// knows what is on disk, and the next start recovers from what is.
class store_state {
public:
  static inline const char* name = "store";

  store_actor::behavior_type handlers(
    store_actor::stateful_pointer<store_state> self,
    std::shared_ptr<log_store> store,
    std::shared_ptr<std::atomic<bool>> is_full);

private:
  void commit(store::commit& msg);
  void flush();
  void look_at_space();
  store::defined define(const store::define& msg);
  void drop(const store::drop& msg);
  std::vector<log_index> write();

  struct waiting {
    caf::strong_actor_ptr who;
    std::vector<std::uint16_t> partitions;
    std::size_t appends = 0;
  };

  store_actor::stateful_pointer<store_state> self_ = nullptr;
  std::shared_ptr<log_store> store_;
  commit_request gathered_;
  std::vector<waiting> waiting_;
  std::shared_ptr<std::atomic<bool>> is_full_;
  std::size_t bytes_ = 0;
};

/// `is_full` is set while the disk is nearly full, for those who publish.
store_actor::behavior_type run_store(
  store_actor::stateful_pointer<store_state> self,
  std::shared_ptr<log_store> store,
  std::shared_ptr<std::atomic<bool>> is_full);

/// Reads for everybody. Spawn it detached, for it blocks.
class reader_state {
public:
  static inline const char* name = "reader";

  reader_actor::behavior_type handlers(
    reader_actor::stateful_pointer<reader_state> self,
    std::shared_ptr<log_store> store);

private:
  void read(const store::read& msg);
  void recover(store::recover& msg);

  reader_actor::stateful_pointer<reader_state> self_ = nullptr;
  std::shared_ptr<log_store> store_;
};

reader_actor::behavior_type run_reader(
  reader_actor::stateful_pointer<reader_state> self,
  std::shared_ptr<log_store> store);

} // namespace troupe
