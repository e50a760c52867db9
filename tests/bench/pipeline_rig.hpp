#pragma once

#include "actors/interfaces.hpp"
#include "tests/bench/limits.hpp"
#include "tests/bench/node_scheduler.hpp"

#include <troupe/registry.hpp>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::bench {

/// What a pipeline of one queue and one stage is to be.
struct pipeline_shape {
  bool is_durable = false;
  bool is_ordered = false; // by routing key, in 16 partitions
  std::size_t threads = 1; // of the handler
  handler_factory handlers;
};

/// The real actors, wired as a node wires them: what comes out of the output
/// "in" is routed to the queue "q", and its consumers run the handler. Durable
/// queues confirm after the fsync. The store lies in a folder of its own.
class pipeline_rig {
public:
  explicit pipeline_rig(const pipeline_shape& shape);

  /// Ends all actors.
  ~pipeline_rig();

  caf::actor_system& system() { return system_; }
  const router_actor& router() const { return router_; }

  /// Waits until all that was published is settled and stored.
  void wait_until_empty();

private:
  void start_store(const pipeline_shape& shape);
  void start_router(const pipeline_shape& shape);
  void start_queue(const pipeline_shape& shape);
  void start_consumers(const pipeline_shape& shape);

  /// Keeps an actor to be ended; latest first.
  template <class Actor>
  Actor kept(Actor made) {
    all_.push_back(caf::actor_cast<caf::actor>(made));
    return made;
  }

  bench_folder folder_;
  node_scheduler scheduler_;
  caf::actor_system system_{scheduler_};
  std::shared_ptr<log_store> log_;
  std::shared_ptr<std::atomic<bool>> is_full_ =
    std::make_shared<std::atomic<bool>>(false);
  queue_id id_{};
  store_actor store_;
  reader_actor reader_;
  directory_actor directory_;
  router_actor router_;
  queue_actor queue_;
  std::vector<caf::actor> all_;
};

} // namespace troupe::bench
