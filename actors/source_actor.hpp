#pragma once

#include "actors/interfaces.hpp"
#include "actors/source_report.hpp"
#include "engine/source/record_input.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

struct source_options {
  std::string name;
  group_id group{}; // where its progress is kept
  /// Opens the input, from where it was left; called at each start.
  std::function<result<std::unique_ptr<record_input>>()> open;
  std::shared_ptr<source_report> report;
};

/// Publishes what a record input reads, numbered, so that queues drop what
/// they have when the source starts again from its last saved progress. Spawn
/// it detached, for reading blocks.
class source_state {
public:
  static inline const char* name = "source";

  source_actor::behavior_type handlers(
    source_actor::stateful_pointer<source_state> self,
    store_actor store,
    router_actor router,
    source_options options);

private:
  using self_pointer = source_actor::stateful_pointer<source_state>;

  void pull();
  bool publish_next();
  void published(const queue::published& msg);
  void end(const error& failure);
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
  std::unique_ptr<record_input> input_;
  std::deque<sent> window_; // oldest first
  std::uint64_t last_ticket_ = 0;
  std::string progress_; // of all that is confirmed
  std::string saved_;
  std::size_t unsaved_ = 0; // messages confirmed since
  bool is_pulling_ = false;
  bool has_ended_ = false;
};

source_actor::behavior_type run_source(
  source_actor::stateful_pointer<source_state> self,
  store_actor store,
  router_actor router,
  source_options options);

} // namespace troupe
