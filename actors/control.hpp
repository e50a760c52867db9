#pragma once

#include "actors/cluster_control.hpp"
#include "actors/interfaces.hpp"
#include "actors/router_actor.hpp"
#include "actors/running_work.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// What an operator can ask about one running node. The node fills it once and
/// keeps it for as long as it runs.
struct control_places {
  caf::actor_system* system = nullptr;
  std::shared_ptr<log_store> store;
  directory_actor directory;
  std::string node_name;
  std::set<std::string> dead_letter_queues;
  std::shared_ptr<const running_work> work;
  std::shared_ptr<router_figures> routed;
  std::function<void()> stop;            // asks the node to stop cleanly
  std::optional<cluster_places> cluster; // none: a node by itself
};

/// Answers an operator's requests: `{"command": "queue.ls"}` gives
/// `{"ok": true, "rows": [...]}` or `{"ok": false, "error": "..."}`. What could
/// not be asked, as in a cluster where a group has no leader, is not left out
/// silently: `"missing"` has a sentence for each such part. Blocks until the
/// actors have answered, so call it from a thread of its own; any number of
/// threads may.
///
/// Commands: status, queue.ls, dlq.ls, dlq.show (queue, limit), dlq.replay
/// (queue, limit), state.ls (handler), stop; and those of cluster_control.hpp.
class control {
public:
  explicit control(control_places places);
  boost::json::object answer(const boost::json::object& request);

private:
  using command = boost::json::object (control::*)(const boost::json::object&);

  boost::json::object status(const boost::json::object&);
  boost::json::object list_queues(const boost::json::object&);
  boost::json::object list_dead_letters(const boost::json::object&);
  boost::json::object show_dead_letters(const boost::json::object& request);
  boost::json::object replay_dead_letters(const boost::json::object& request);
  boost::json::object list_state(const boost::json::object& request);
  boost::json::object cluster(const boost::json::object& request);
  boost::json::object stop(const boost::json::object&);

  std::vector<directory::queue_up> queues();
  std::vector<std::string>
  missing(const std::vector<std::string>& queues) const;

  control_places places_;
};

} // namespace troupe
