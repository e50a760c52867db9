#pragma once

#include "engine/coordinator/key_space.hpp"
#include "engine/coordinator/local_coordinator.hpp"
#include "engine/store/log_store.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

namespace troupe {

/// What a worker is to do, and what to say when that cannot be.
struct local_job {
  std::function<void()> act;
  std::function<void(const std::string& why)> refuse;
};

struct local_watch {
  std::string prefix;
  revision seen = 0;
  std::function<void(watch_notice)> on_change;
  std::atomic<bool> is_over = false;
};

/// The thread of a local_coordinator, with the store and the rules. Jobs that
/// wait are done together and cost one fsync.
class local_coordinator::worker {
public:
  using watch_ptr = std::shared_ptr<local_watch>;

  /// Takes what was read of the store.
  worker(std::unique_ptr<log_store> store, key_space space);
  ~worker();

  void start();

  /// Ends the thread after what it is doing; not to be called by it.
  void join();

  // -- from any thread

  void add(local_job job);

  /// Like `add`, but for what nobody waits for; dropped once closed.
  void add_quietly(std::function<void()> act);
  void close();

  // -- within a job

  void answer(std::function<void(const error& failed)> how);
  void apply(const txn_request& what, std::function<void(txn_answer)> done);
  void watch(const watch_ptr& what);
  void open_session(
    const std::shared_ptr<worker>& self,
    std::function<void(result<std::unique_ptr<session>>)> done);
  void end_session(session_id which);
  void end_all();
  void forget(const watch_ptr& what) { watches_.erase(what); }
  const key_space& space() const { return space_; }

private:
  void run();
  bool wait_for_jobs(std::deque<local_job>& jobs);
  void work_off(std::deque<local_job> jobs);
  void note(const txn_request& what);
  void commit();
  void tell_watches();
  void tell(const watch_ptr& what);

  // -- the thread's
  std::unique_ptr<log_store> store_;
  key_space space_;
  std::set<std::string> touched_; // keys to be stored
  std::vector<std::function<void(const error&)>> answers_;
  std::set<watch_ptr> watches_;
  std::set<session_id> sessions_;
  error broken_; // why the disk refused

  // -- everybody's
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<local_job> jobs_;
  bool is_closed_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

/// Reads the keys of a store, and how they are kept in it.
result<key_space> read_keys(const log_store& from);

/// The changes that store a key as it is in `space`, or erase it.
state_write stored_key(const key_space& space, const std::string& key);
state_write stored_revision(revision at);

} // namespace troupe
