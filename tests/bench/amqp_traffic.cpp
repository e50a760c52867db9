#include "tests/bench/amqp_traffic.hpp"

#include <fstream>
#include <memory>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace troupe::bench::amqp {

namespace {

using namespace std::chrono_literals;

std::string proc(pid_t process, const char* name) {
  auto path = "/proc/" + std::to_string(process) + "/" + name;
  auto text = std::stringstream{};
  text << std::ifstream{path}.rdbuf();
  if (text.str().empty())
    throw std::runtime_error{"the broker's process has ended"};
  return text.str();
}

/// Returns the processor seconds a process has used, of all its threads.
double used_by_one(pid_t process) {
  auto text = proc(process, "stat");
  auto fields = std::istringstream{text.substr(text.rfind(')') + 2)};
  auto skipped = std::string{};
  for (int i = 0; i < 11; ++i) fields >> skipped;
  auto user = 0.0, system = 0.0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double resident_mib_of_one(pid_t process) {
  auto fields = std::istringstream{proc(process, "statm")};
  auto size = 0.0, resident = 0.0;
  fields >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

double used_by(const target& broker) {
  auto sum = 0.0;
  for (auto x : broker.processes) sum += used_by_one(x);
  return sum;
}

double resident_mib(const target& broker) {
  auto sum = 0.0;
  for (auto x : broker.processes) sum += resident_mib_of_one(x);
  return sum;
}

/// The connections of a run, served by one thread.
class traffic {
public:
  traffic(const profile& x, const target& broker)
    : profile_(x), broker_(broker) {
    auto admin = peer{connect_to(broker.port)};
    shake_hands(admin);
    auto own = "load-" + std::to_string(::getpid());
    for (int i = 0; i < x.queues; ++i) {
      queues_.push_back(
        (x.prefix.empty() ? own : x.prefix) + "-" + std::to_string(i));
      declare_queue(admin, queues_.back(), x);
    }
  }

  void add_publishers() {
    for (const auto& x : queues_)
      publishers_.push_back(
        std::make_unique<publisher>(broker_.port, x, profile_));
  }

  void add_consumers() {
    for (const auto& x : queues_)
      consumers_.push_back(
        std::make_unique<consumer>(broker_.port, x, profile_));
  }

  void end() {
    publishers_.clear();
    consumers_.clear();
    auto admin = peer{connect_to(broker_.port)};
    shake_hands(admin);
    for (const auto& x : queues_) delete_queue(admin, x);
  }

  /// Serves all connections until `is_over`.
  template <class Predicate>
  void serve(Predicate is_over) {
    for (auto now = clock::now(); !is_over(now); now = clock::now()) {
      for (auto& x : publishers_) x->fill(now);
      wait();
    }
  }

  std::uint64_t seen() const {
    auto sum = std::uint64_t{0};
    for (const auto& x : consumers_) sum += x->seen();
    return sum;
  }

  std::uint64_t confirmed() const {
    auto sum = std::uint64_t{0};
    for (const auto& x : publishers_) sum += x->confirmed();
    return sum;
  }

  std::vector<std::unique_ptr<publisher>>& publishers() { return publishers_; }
  std::vector<double>& latencies() { return latencies_; }
  std::vector<double>& confirm_latencies() { return confirm_latencies_; }

private:
  template <class End>
  void ask_for(End& x) {
    if (!x.wire().flush()) throw std::runtime_error{"the broker hung up"};
    auto out = x.wire().unsent() > 0 ? POLLOUT : 0;
    polled_.push_back({x.wire().socket(), static_cast<short>(POLLIN | out), 0});
  }

  /// Returns how long nothing is due, at most 100 ms.
  timespec idle() const {
    auto next = clock::now() + 100ms;
    for (const auto& x : publishers_) next = std::min(next, x->due());
    auto left = std::max(next - clock::now(), clock::duration{0});
    return {0, std::chrono::nanoseconds{left}.count()};
  }

  /// A publisher that may go on without being told does not wait.
  bool is_free() const {
    for (const auto& x : publishers_)
      if (profile_.rate == 0 && !profile_.is_durable && x->is_writable())
        return true;
    return false;
  }

  void wait() {
    polled_.clear();
    for (auto& x : publishers_) ask_for(*x);
    for (auto& x : consumers_) ask_for(*x);
    auto limit = is_free() ? timespec{} : idle();
    if (::ppoll(polled_.data(), polled_.size(), &limit, nullptr) <= 0) return;
    auto at = polled_.begin();
    for (auto& x : publishers_)
      if (is_readable(*at++, x->wire())) x->look(confirm_latencies_);
    for (auto& x : consumers_)
      if (is_readable(*at++, x->wire())) x->look(latencies_);
  }

  static bool is_readable(const pollfd& seen, peer& x) {
    if ((seen.revents & ~POLLOUT) == 0) return false;
    if (!x.fill()) throw std::runtime_error{"the broker hung up"};
    return true;
  }

  profile profile_;
  target broker_;
  std::vector<std::string> queues_;
  std::vector<std::unique_ptr<publisher>> publishers_;
  std::vector<std::unique_ptr<consumer>> consumers_;
  std::vector<pollfd> polled_;
  std::vector<double> latencies_;
  std::vector<double> confirm_latencies_;
};

double since(clock::time_point start) {
  return std::chrono::duration<double>(clock::now() - start).count();
}

/// Ends a phase that does not come to its own end.
void check_progress(clock::time_point start) {
  if (since(start) > 300)
    throw std::runtime_error{"the broker took 300 s and was not done"};
}

figures measure_backlog(const profile& x, const target& broker) {
  auto all = traffic{x, broker};
  auto seen = figures{};
  auto share = x.count / static_cast<std::uint64_t>(x.queues);
  auto total = share * static_cast<std::uint64_t>(x.queues);
  auto used = used_by(broker);
  all.add_publishers();
  for (auto& p : all.publishers()) p->stop_after(share);
  auto start = clock::now();
  all.serve([&](auto) {
    check_progress(start);
    return std::ranges::all_of(
      all.publishers(), [](auto& p) { return p->is_done(); });
  });
  seen.rate = static_cast<double>(total) / since(start);
  seen.resident = resident_mib(broker);
  start = clock::now();
  all.add_consumers();
  all.serve([&](auto) {
    check_progress(start);
    return all.seen() >= total;
  });
  seen.drained = static_cast<double>(total) / since(start);
  used = used_by(broker) - used;
  seen.per_core = used > 0 ? static_cast<double>(total) / used : 0;
  all.end();
  return seen;
}

} // namespace

figures measure_traffic(
  const profile& x, const target& broker, double seconds, double warm_up) {
  if (x.count > 0) return measure_backlog(x, broker);
  auto all = traffic{x, broker};
  all.add_consumers();
  all.add_publishers();
  auto start = clock::now();
  all.serve([&](auto) { return since(start) >= warm_up; });
  all.latencies().clear();
  all.confirm_latencies().clear();
  auto used = used_by(broker);
  auto before = all.seen();
  auto confirmed = all.confirmed();
  start = clock::now();
  all.serve([&](auto) { return since(start) >= seconds; });
  auto time = since(start);
  used = used_by(broker) - used;
  auto count = static_cast<double>(all.seen() - before);
  confirmed = all.confirmed() - confirmed;
  auto seen = figures{};
  seen.rate = count / time;
  seen.confirmed = static_cast<double>(confirmed) / time;
  seen.p50 = quantile(all.latencies(), 0.5);
  seen.p99 = quantile(all.latencies(), 0.99);
  seen.confirm_p50 = quantile(all.confirm_latencies(), 0.5);
  seen.confirm_p99 = quantile(all.confirm_latencies(), 0.99);
  seen.cores = used / time;
  seen.per_core = used > 0 ? count / used : 0;
  seen.resident = resident_mib(broker);
  all.end();
  return seen;
}

} // namespace troupe::bench::amqp
