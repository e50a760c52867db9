#pragma once

#include "actors/cluster/membership_actor.hpp"
#include "actors/interfaces.hpp"
#include "actors/node/member_questions.hpp"
#include "actors/node/work_progress.hpp"
#include "actors/running_work.hpp"

#include <caf/actor_system.hpp>

#include <atomic>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe {

struct shared_work_places {
  caf::actor_system* system = nullptr;
  std::shared_ptr<coordinator> truth;
  std::shared_ptr<cluster_board> board;
  std::shared_ptr<member_questions> questions;
  std::shared_ptr<const running_work> here;
  std::string prefix;
  std::string self;
  std::uint64_t incarnation = 0;
  /// What the coordinator was at when this run began: what is done since is
  /// its work as well, though it was not known yet.
  revision began_at = std::numeric_limits<revision>::max();
  directory_actor queues;                  // gateways, which see all groups
  std::vector<std::string> names;          // of the pipeline's queues
  std::set<std::string> consumed;          // of these
  std::map<std::string, group_id> sources; // where their progress is kept
};

/// Finds out whether a pipeline's work is done on all members of a cluster,
/// and tells them: whoever sees it first writes it to the coordinator, so that
/// others learn it though that one has stopped. One thread calls `look` and
/// what follows from it; `answer` may be called from any.
class shared_work {
public:
  explicit shared_work(shared_work_places places);

  /// Answers another member's question about the work here.
  boost::json::object answer() const;

  /// Looks at all of it; blocks for some seconds at most.
  work_progress look();

  /// Writes what the last look found: all is done, or can go no further.
  /// Returns whether that stands; otherwise look again.
  bool conclude(const std::string& failure);

  /// Waits until the others that heard it have stopped handling and written
  /// what they have, for which they need this member; at most to `deadline`.
  void leave_together(std::chrono::steady_clock::time_point deadline);

  bool is_over() const { return is_over_; }

private:
  using answers = std::map<cluster::member_id, boost::json::object>;

  bool read_done(work_progress& now);
  void look_at_queues(work_progress& now);
  void look_at_sources(work_progress& now, const cluster_view& view);
  answers ask_all(const cluster_view& view);
  bool others_have_closed();

  shared_work_places places_;
  revision done_changed_ = 0;             // of the key, as of the last look
  std::atomic<bool> is_watching_ = false; // until it is done
  std::atomic<bool> is_over_ = false;
  std::atomic<bool> has_closed_ = false;
};

} // namespace troupe
