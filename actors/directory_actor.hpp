#pragma once

#include "actors/interfaces.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <set>
#include <string>

namespace troupe {

/// Remembers the actor of each queue that is ready and tells those who watch.
class directory_state {
public:
  static inline const char* name = "directory";

  directory_actor::behavior_type
  handlers(directory_actor::stateful_pointer<directory_state> self);

private:
  void queue_up(const directory::queue_up& msg);
  void watch();
  directory::listing list() const;
  caf::result<directory::queue_up> find(const std::string& queue) const;
  void down(const caf::down_msg& msg);
  void tell(const caf::strong_actor_ptr& who, const directory::queue_up& what);

  directory_actor::stateful_pointer<directory_state> self_ = nullptr;
  std::map<std::string, caf::strong_actor_ptr> queues_;
  std::set<caf::strong_actor_ptr> watchers_;
};

directory_actor::behavior_type
run_directory(directory_actor::stateful_pointer<directory_state> self);

} // namespace troupe
