#include "actors/node/host_runs.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <csignal>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using namespace troupe;

namespace {

/// A run of its own, which tells its mark and does nothing until it is killed.
class child_run {
public:
  child_run() {
    int both[2];
    REQUIRE(::pipe(both) == 0);
    id_ = ::fork();
    REQUIRE(id_ >= 0);
    if (id_ == 0) {
      auto mark = own_run();
      auto done = ::write(both[1], mark.data(), mark.size());
      ::close(both[1]);
      while (done >= 0) ::pause();
      ::_exit(1);
    }
    ::close(both[1]);
    auto bytes = std::array<char, 512>{};
    for (ssize_t n = 0; (n = ::read(both[0], bytes.data(), bytes.size())) > 0;)
      mark_.append(bytes.data(), static_cast<std::size_t>(n));
    ::close(both[0]);
  }
  ~child_run() {
    kill();
    reap();
  }
  child_run(const child_run&) = delete;
  child_run& operator=(const child_run&) = delete;

  /// Kills it, and leaves how it ended to be asked for.
  void kill() {
    if (id_ <= 0) return;
    ::kill(id_, SIGKILL);
    auto seen = siginfo_t{};
    ::waitid(P_PID, static_cast<id_t>(id_), &seen, WEXITED | WNOWAIT);
  }

  void reap() {
    if (id_ > 0) ::waitpid(id_, nullptr, 0);
    id_ = 0;
  }

  const std::string& mark() const { return mark_; }

private:
  pid_t id_ = 0;
  std::string mark_;
};

/// Returns the mark of a run with this number that began when this one did.
std::string mark_of(const std::string& number) {
  auto mark = own_run();
  auto last = mark.rfind(' ');
  auto before = mark.rfind(' ', last - 1);
  return mark.substr(0, before + 1) + number + mark.substr(last);
}

} // namespace

TEST_CASE("host_runs: this run has not ended") {
  REQUIRE_FALSE(own_run().empty());
  CHECK(own_run() == own_run());
  CHECK_FALSE(run_has_ended(own_run()));
}

TEST_CASE("host_runs: a run whose number another has now has ended") {
  CHECK(run_has_ended(own_run() + "0"));
}

TEST_CASE("host_runs: a run that was killed has ended, before it is reaped") {
  auto child = child_run{};
  REQUIRE(child.mark() != own_run());
  CHECK_FALSE(run_has_ended(child.mark()));
  child.kill();
  CHECK(run_has_ended(child.mark()));
  child.reap();
  CHECK(run_has_ended(child.mark()));
}

TEST_CASE("host_runs: of a run elsewhere nobody knows") {
  CHECK_FALSE(run_has_ended(""));
  CHECK_FALSE(run_has_ended("x"));
  CHECK_FALSE(run_has_ended("x" + own_run()));
  CHECK_FALSE(run_has_ended(mark_of("")));
  CHECK_FALSE(run_has_ended(mark_of("self")));
  auto mark = own_run();
  mark.resize(mark.rfind(' '));
  CHECK_FALSE(run_has_ended(mark)); // cut off
}
