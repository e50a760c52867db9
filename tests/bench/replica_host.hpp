#pragma once

#include "engine/peers/peer_links.hpp"
#include "engine/replication/group_replica.hpp"
#include "tests/bench/limits.hpp"

#include <array>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::bench {

/// The records of all groups, and those who watch them: what a coordinator is
/// to members, in one process.
class shared_records {
public:
  using watcher = std::function<void(
    group_id, const cluster::group_record&, cluster::revision_number)>;

  /// Makes members leaders in turn, all in sync.
  explicit shared_records(const std::vector<cluster::in_sync_member>& members);

  void watch(watcher one);

  /// Changes a record if it has this revision still; tells everybody.
  void swap(group_id of, const cluster::compare_and_swap& what);

  cluster::member_id leader(std::size_t group) const {
    return all_[group].first.leader;
  }

private:
  std::mutex mutex_;
  std::array<std::pair<cluster::group_record, cluster::revision_number>, 64>
    all_;
  std::vector<watcher> watchers_;
};

/// One member with its store, its links and a replica of each group, on three
/// threads: one decides, one writes, one has the sockets.
class replica_host {
public:
  /// Told on the deciding thread.
  using ended = std::function<void(const ticket_end&)>;

  replica_host(cluster::member_id self, ended told);
  ~replica_host();

  cluster::in_sync_member identity() const;
  known_member known() const;

  void start(
    shared_records& records, const std::map<std::string, known_member>& all);

  /// Appends messages to a group that this member leads.
  void publish(std::size_t group, batch_ptr messages, std::uint64_t ticket);

  static std::string name(cluster::member_id member) {
    return "member-" + std::to_string(static_cast<unsigned>(member));
  }

private:
  struct job {
    std::size_t group = 0;
    write_job what;
  };
  using event = std::function<void()>;

  void post(event what);
  void decide();
  void write();
  void take(std::size_t group);
  void read(std::size_t group, const read_job& what);
  void receive(const std::string& from, std::string message);

  cluster::member_id self_;
  ended told_;
  bench_folder folder_;
  std::unique_ptr<log_store> store_;
  std::unique_ptr<peer_links> links_;
  std::vector<group_replica> groups_;
  std::vector<position> next_; // of each group's queue
  shared_records* records_ = nullptr;

  std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  std::vector<event> events_;
  std::vector<job> jobs_;
  bool is_over_ = false;

  std::thread decides_;
  std::thread writes_;
};

} // namespace troupe::bench
