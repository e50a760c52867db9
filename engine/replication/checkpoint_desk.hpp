#pragma once

#include "engine/cluster/local_time.hpp"
#include "engine/replication/group_replica.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace troupe {

/// Cuts the pieces of checkpoints that a node's groups send: holds a view of
/// the store for each, one a follower and group. A view keeps the store from
/// forgetting what is erased, so they are few and end when nobody asks.
///
/// One thread uses it, which need not be the store's. It ends before the store
/// does.
class checkpoint_desk {
public:
  struct options {
    std::size_t piece_bytes = 1024 * 1024; // about
    std::size_t most_views = 16;
    /// A view that was asked for nothing new for so long is dropped.
    cluster::local_span idle_after = std::chrono::minutes{5};
    /// So long, when another one needs its place.
    cluster::local_span spared_for = std::chrono::seconds{10};
  };

  explicit checkpoint_desk(const log_store& store)
    : checkpoint_desk{store, options{}} {}
  checkpoint_desk(const log_store& store, const options& with)
    : store_{store}, options_{with} {}

  /// Does a group's piece job. Fails where the store cannot be read, as
  /// `log_store::read_raw` does.
  result<piece_answer>
  piece(group_id group, const piece_job& what, cluster::local_time now);

  /// Drops a group's views: this member does not lead it any more.
  void drop(group_id group);

  /// Drops views that nobody asks for.
  void on_tick(cluster::local_time now);

  std::size_t views() const { return views_.size(); }

private:
  struct held {
    group_id group{};
    cluster::member_id to{};
    cluster::log_mark at;
    std::uint64_t asked = 0; // the piece
    cluster::local_time asked_at{};
    std::unique_ptr<group_view> view;
    bool is_sent = false; // to its end; kept in case that is lost
  };

  held* find(group_id group, const piece_job& what);
  bool make_room(cluster::local_time now);
  static result<piece_answer> cut(held& from, std::uint64_t number);
  result<piece_answer>
  begin(group_id group, const piece_job& what, cluster::local_time now);

  const log_store& store_;
  options options_;
  std::vector<held> views_;
};

} // namespace troupe
