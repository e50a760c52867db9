#include "engine/handlers/handler_thread.hpp"

namespace troupe {

namespace {

std::atomic<std::size_t> abandoned_threads = 0;

struct settled_up_to {
  std::uint64_t number;
};
struct finish_now {};
using job = std::variant<std::vector<loaned_run>, settled_up_to, finish_now>;

} // namespace

struct handler_thread::shared {
  std::shared_ptr<const stage> of;
  events report;

  std::mutex runner_lock;           // taken before `lock` where both are
  handler_runner* runner = nullptr; // null before and after it works

  std::mutex lock; // guards what follows
  std::condition_variable wake;
  std::deque<job> jobs;
  bool is_left = false; // the owner is gone
  bool has_ended = false;
  std::atomic<std::size_t> deliveries = 0; // not yet handled

  std::deque<job> wait_for_jobs() {
    auto guard = std::unique_lock{lock};
    wake.wait(guard, [&] { return is_left || !jobs.empty(); });
    if (is_left) return {};
    return std::exchange(jobs, {});
  }

  /// Calls `event` unless the owner is gone. Under the lock, so that nothing
  /// is reported once the owner has left.
  template <class Event, class... Args>
  void tell(const Event& event, Args&&... args) {
    auto guard = std::lock_guard{lock};
    if (!is_left) event(std::forward<Args>(args)...);
  }

  void set_runner(handler_runner* now) {
    auto guard = std::lock_guard{runner_lock};
    runner = now;
  }

  /// Works until it is told to end; returns why it stopped before that.
  std::optional<std::string> work(handler_runner& with) {
    for (;;) {
      auto todo = wait_for_jobs();
      if (todo.empty()) return std::nullopt; // the owner left
      for (auto& x : todo) {
        if (std::holds_alternative<finish_now>(x)) {
          tell(report.finished);
          return std::nullopt;
        }
        if (auto* settled = std::get_if<settled_up_to>(&x))
          with.on_settled(settled->number);
        else if (auto crash = with.run(std::get<0>(x)))
          return crash;
        else
          --deliveries;
      }
    }
  }

  void main() {
    auto crash = std::optional<std::string>{};
    try {
      auto with = handler_runner{
        *of, [this](std::uint64_t number, std::vector<settlement> what) {
          tell(report.settle, number, std::move(what));
        }};
      set_runner(&with);
      crash = work(with);
      set_runner(nullptr);
    } catch (const std::exception& e) {
      set_runner(nullptr);
      crash = e.what();
    } catch (...) {
      set_runner(nullptr);
      crash = "the handler threw something that is no exception";
    }
    if (crash) tell(report.crashed, *crash);
    auto guard = std::lock_guard{lock};
    has_ended = true;
    if (is_left) --abandoned_threads;
  }
};

handler_thread::handler_thread(std::shared_ptr<const stage> of, events report)
  : shared_{std::make_shared<shared>()} {
  shared_->of = std::move(of);
  shared_->report = std::move(report);
  // The thread owns what it needs, so that it may outlive this object.
  std::thread{[mine = shared_] { mine->main(); }}.detach();
}

handler_thread::~handler_thread() {
  {
    auto guard = std::lock_guard{shared_->runner_lock};
    if (shared_->runner) shared_->runner->finish();
  }
  auto guard = std::lock_guard{shared_->lock};
  shared_->is_left = true;
  if (!shared_->has_ended) ++abandoned_threads;
  shared_->wake.notify_one();
}

void handler_thread::run(std::vector<loaned_run> delivery) {
  auto guard = std::lock_guard{shared_->lock};
  ++shared_->deliveries;
  shared_->jobs.emplace_back(std::move(delivery));
  shared_->wake.notify_one();
}

void handler_thread::on_settled(std::uint64_t number) {
  auto guard = std::lock_guard{shared_->lock};
  auto& jobs = shared_->jobs;
  if (!jobs.empty())
    if (auto* last = std::get_if<settled_up_to>(&jobs.back())) {
      last->number = number;
      return;
    }
  jobs.emplace_back(settled_up_to{number}); // no reason to wake: it can wait
}

void handler_thread::finish() {
  {
    auto guard = std::lock_guard{shared_->runner_lock};
    if (shared_->runner) shared_->runner->finish();
  }
  auto guard = std::lock_guard{shared_->lock};
  shared_->jobs.emplace_back(finish_now{});
  shared_->wake.notify_one();
}

void handler_thread::flush() {
  auto guard = std::lock_guard{shared_->runner_lock};
  if (shared_->runner) shared_->runner->flush();
}

handler_runner::running_message handler_thread::running() const {
  auto guard = std::lock_guard{shared_->runner_lock};
  if (!shared_->runner) return {};
  return shared_->runner->running();
}

bool handler_thread::is_busy() const { return shared_->deliveries > 0; }

std::size_t handler_thread::abandoned() { return abandoned_threads; }

} // namespace troupe
