#include "engine/coordinator/local_worker.hpp"

#include <utility>

namespace troupe {

namespace {

constexpr auto busy_text =
  "too many requests are not answered yet; wait for some";

/// A session of a local_coordinator. Nobody but its holder can end it.
class local_session final : public session {
public:
  local_session(std::shared_ptr<local_coordinator::worker> at, session_id id)
    : at_{std::move(at)}, id_{id} {}
  ~local_session() override {
    at_->add_quietly([at = at_.get(), id = id_] { at->end_session(id); });
  }
  session_id id() const override { return id_; }

private:
  std::shared_ptr<local_coordinator::worker> at_;
  session_id id_;
};

} // namespace

local_coordinator::worker::worker(
  std::unique_ptr<log_store> store, key_space space)
  : store_{std::move(store)}, space_{std::move(space)} {}

local_coordinator::worker::~worker() = default;

// Sessions of the process before are over.
void local_coordinator::worker::start() {
  for (auto& key : space_.end_strays()) touched_.insert(std::move(key));
  thread_ = std::thread{[this] { run(); }};
}

void local_coordinator::worker::join() {
  {
    auto lock = std::scoped_lock{mutex_};
    is_ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  // They may hold this worker.
  std::exchange(jobs_, {}).clear();
  std::exchange(answers_, {}).clear();
  store_.reset(); // though sessions may be held on
}

// -- from any thread

void local_coordinator::worker::add(local_job job) {
  {
    auto lock = std::scoped_lock{mutex_};
    auto is_full = jobs_.size() >= coordinator_limits::most_requests;
    if (is_closed_ || is_full)
      job.act = [refuse = job.refuse, is_closed = is_closed_] {
        refuse(is_closed ? closed_text : busy_text);
      };
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void local_coordinator::worker::add_quietly(std::function<void()> act) {
  {
    auto lock = std::scoped_lock{mutex_};
    if (is_closed_ || is_ending_) return;
    jobs_.push_back({std::move(act), {}});
  }
  wake_.notify_one();
}

void local_coordinator::worker::close() {
  {
    auto lock = std::scoped_lock{mutex_};
    if (std::exchange(is_closed_, true)) return;
    jobs_.push_back({[this] { end_all(); }, {}});
  }
  wake_.notify_one();
}

// -- within a job

void local_coordinator::worker::answer(
  std::function<void(const error& failed)> how) {
  answers_.push_back(std::move(how));
}

void local_coordinator::worker::apply(
  const txn_request& what, std::function<void(txn_answer)> done) {
  if (broken_.code != errc::none) return done(refused_txn(broken_.detail));
  auto said = space_.apply(what);
  if (said.outcome == txn_outcome::done) note(what);
  answer([said = std::move(said), done = std::move(done)](const error& failed) {
    done(failed.code == errc::none ? said : unknown_txn(failed.detail));
  });
}

void local_coordinator::worker::watch(const watch_ptr& what) {
  if (watches_.size() < coordinator_limits::most_watches)
    watches_.insert(what);
  else
    what->on_change({true, {}, "too many watches; let go of some"});
}

void local_coordinator::worker::open_session(
  const std::shared_ptr<worker>& self,
  std::function<void(result<std::unique_ptr<session>>)> done) {
  if (sessions_.size() >= coordinator_limits::most_sessions)
    return done(error{errc::refused, "too many sessions; let go of some"});
  auto id = space_.open_session();
  sessions_.insert(id);
  done(std::unique_ptr<session>{std::make_unique<local_session>(self, id)});
}

void local_coordinator::worker::end_session(session_id which) {
  sessions_.erase(which);
  if (broken_.code != errc::none) return;
  for (auto& key : space_.end_session(which)) touched_.insert(std::move(key));
}

void local_coordinator::worker::end_all() {
  watches_.clear();
  auto all = sessions_;
  for (auto which : all) end_session(which);
}

void local_coordinator::worker::note(const txn_request& what) {
  for (const auto& x : what.puts) touched_.insert(x.key);
  for (const auto& x : what.erases) touched_.insert(x);
}

// -- the thread

void local_coordinator::worker::run() {
  commit();
  auto jobs = std::deque<local_job>{};
  while (wait_for_jobs(jobs)) work_off(std::exchange(jobs, {}));
}

bool local_coordinator::worker::wait_for_jobs(std::deque<local_job>& jobs) {
  auto lock = std::unique_lock{mutex_};
  wake_.wait(lock, [&] { return is_ending_ || !jobs_.empty(); });
  jobs.swap(jobs_);
  return !is_ending_;
}

// Nobody is told of what is not on the disk yet.
void local_coordinator::worker::work_off(std::deque<local_job> jobs) {
  for (const auto& job : jobs) job.act();
  commit();
  for (const auto& tell : std::exchange(answers_, {})) tell(broken_);
  tell_watches();
}

void local_coordinator::worker::commit() {
  if (touched_.empty()) return;
  auto request = commit_request{};
  for (const auto& key : std::exchange(touched_, {}))
    request.changes.push_back(stored_key(space_, key));
  request.changes.push_back(stored_revision(space_.at()));
  auto stored = store_->commit(request);
  if (!stored) broken_ = stored.error();
}

void local_coordinator::worker::tell_watches() {
  if (broken_.code != errc::none) return;
  auto all = watches_; // a callback may let go of one
  for (const auto& x : all) tell(x);
}

void local_coordinator::worker::tell(const watch_ptr& what) {
  if (what->is_over || what->seen >= space_.at()) return;
  auto changes = space_.changes_after(what->prefix, what->seen);
  what->seen = space_.at();
  if (!changes) {
    watches_.erase(what);
    what->on_change({true, {}, "the changes since then are forgotten"});
  } else if (!changes->empty()) {
    what->on_change({false, std::move(*changes), {}});
  }
}

} // namespace troupe
