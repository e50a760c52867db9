#pragma once

#include "actors/interfaces.hpp"

#include "engine/source/record_input.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

namespace troupe {

struct source_options {
  std::string name;
  group_id group{}; // where its progress is kept
};

/// Publishes what a record input reads, numbered, so that queues drop what
/// they have when the source starts again from its last saved progress. Spawn
/// it detached, for reading blocks.
class source_state {
public:
  static inline const char* name = "source";

  source_actor::behavior_type handlers(
    source_actor::stateful_pointer<source_state> self, store_actor store,
    router_actor router, source_options options,
    std::shared_ptr<record_input> input);

private:
  using self_pointer = source_actor::stateful_pointer<source_state>;

  void pull();
  bool publish_next();
  void published(const queue::published& msg);
  void end(std::string failure);
  void save_if_due();
  void save();

  struct sent {
    std::uint64_t ticket = 0;
    std::size_t messages = 0;
    std::string progress; // after these
    bool is_confirmed = false;
  };

  self_pointer self_ = nullptr;
  store_actor store_;
  router_actor router_;
  source_options options_;
  std::shared_ptr<record_input> input_;
  std::deque<sent> window_; // oldest first
  std::uint64_t last_ticket_ = 0;
  std::string progress_; // of all that is confirmed
  std::string saved_;
  std::size_t unsaved_ = 0; // messages confirmed since
  bool is_pulling_ = false;
  source::description state_;
};

source_actor::behavior_type run_source(
  source_actor::stateful_pointer<source_state> self, store_actor store,
  router_actor router, source_options options,
  std::shared_ptr<record_input> input);

} // namespace troupe
