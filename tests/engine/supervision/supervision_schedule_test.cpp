#include "tests/engine/supervision/supervision_play.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Children that start, run, fail, end and stop at random, and what must hold
/// whatever they do.
class random_schedule {
public:
  explicit random_schedule(std::uint32_t seed)
    : random_{seed},
      policy_{any_policy()},
      children_(1 + pick(5)),
      play_{policy_, children_.size()} {}

  void run() {
    play_.start();
    check();
    for (int i = 0; i < 300 && !play_.machine.is_stopped(); ++i) step();
    play_.stop();
    check();
    // Whoever lives ends now; nobody may be started any more.
    while (auto child = any_of({life::starting, life::running, life::stopping}))
      exit(*child, pick(2) == 0);
    CHECK(play_.machine.is_stopped());
    CHECK_FALSE(play_.machine.next_due());
    CHECK(all_stopped_ == 1);
  }

  std::string trace() { return play_.trace(); }
  bool has_given_up() const { return play_.machine.has_given_up(); }

private:
  enum class life { gone, starting, running, stopping, done };

  std::uint32_t pick(std::uint32_t below) { return random_() % below; }

  restart_policy any_policy() {
    auto policy = policy_of(strategy{static_cast<std::uint8_t>(pick(3))});
    policy.max_restarts = pick(12);
    policy.within = duration{100 + pick(5000)};
    policy.backoff.jitter = 0.2;
    return policy;
  }

  void step() {
    switch (pick(8)) {
      case 0:
      case 1: play_.wait(duration{pick(400)}); return check();
      case 2:
        if (auto child = any_of({life::running})) exit(*child, pick(8) == 0);
        return;
      case 3:
        if (auto child = any_of({life::starting, life::stopping}))
          exit(*child, pick(8) == 0);
        return;
      default:
        if (auto child = any_of({life::starting})) begin(*child);
    }
  }

  std::optional<std::size_t> any_of(std::initializer_list<life> wanted) {
    auto found = std::vector<std::size_t>{};
    for (std::size_t i = 0; i < children_.size(); ++i)
      if (std::ranges::count(wanted, children_[i])) found.push_back(i);
    if (found.empty()) return std::nullopt;
    return found[pick(static_cast<std::uint32_t>(found.size()))];
  }

  void begin(std::size_t child) {
    children_[child] = life::running;
    play_.started(child);
    check();
  }

  void exit(std::size_t child, bool normally) {
    auto was_asked = children_[child] == life::stopping;
    auto before = play_.machine.recent_failures();
    children_[child] = normally && !was_asked ? life::done : life::gone;
    if (!normally && !was_asked && !is_over_) failed_at_.push_back(play_.now);
    if (normally)
      play_.ended(child);
    else
      play_.failed(child, pick(1000) / 1000.0);
    CHECK((play_.machine.recent_failures() == before || !was_asked));
    check();
    check_intensity();
  }

  /// Carries out what the last events asked for, and judges it.
  void check() {
    for (; seen_ < play_.lines.size(); ++seen_) {
      auto end = play_.lines.find('\n', seen_);
      judge(play_.lines.substr(seen_, end - seen_));
      seen_ = end;
    }
    CHECK(play_.machine.recent_failures() <= policy_.max_restarts + 1);
    CHECK(
      play_.machine.has_given_up()
      == (play_.machine.recent_failures() > policy_.max_restarts));
  }

  /// Counts failures anew. Where children rest on each other, some of these
  /// are exits the machine was about to ask for.
  void check_intensity() {
    auto is_recent = [&](time_point at) {
      return at > play_.now - policy_.within;
    };
    auto count = std::ranges::count_if(failed_at_, is_recent);
    auto is_too_often = count > std::int64_t{policy_.max_restarts};
    if (
      policy_.strategy == strategy::one_for_one && !failed_at_.empty()
      && failed_at_.back() == play_.now)
      CHECK(play_.machine.has_given_up() == is_too_often);
  }

  void judge(const std::string& line) {
    auto what = line.substr(line.find(']') + 2);
    if (what.starts_with("  start ")) start(child_of(what));
    if (what.starts_with("  stop ")) stop(child_of(what));
    if (what == "  all stopped") end();
    if (what.starts_with("  give up")) is_over_ = true;
    if (what == "stop request") is_over_ = true;
  }

  static std::size_t child_of(const std::string& what) {
    return std::stoul(what.substr(what.rfind(' ') + 1));
  }

  void start(std::size_t child) {
    CHECK(children_[child] == life::gone); // one instance, none once done
    CHECK_FALSE(is_over_);
    if (policy_.strategy != strategy::one_for_one)
      for (std::size_t i = 0; i < child; ++i)
        CHECK((children_[i] == life::running || children_[i] == life::done));
    children_[child] = life::starting;
    CHECK(starts_[child]++ <= total_restarts());
  }

  /// A child is restarted for a failure only, its own or a sibling's.
  std::size_t total_restarts() const {
    auto fails = std::size_t{0};
    for (auto at = play_.lines.find(" fails\n"); at != std::string::npos;
         at = play_.lines.find(" fails\n", at + 1))
      ++fails;
    return fails;
  }

  void stop(std::size_t child) {
    CHECK((
      children_[child] == life::starting || children_[child] == life::running));
    if (policy_.strategy != strategy::one_for_one)
      for (auto i = child + 1; i < children_.size(); ++i)
        CHECK((children_[i] == life::gone || children_[i] == life::done));
    children_[child] = life::stopping;
  }

  void end() {
    ++all_stopped_;
    is_over_ = true;
    for (auto x : children_) CHECK((x == life::gone || x == life::done));
  }

  std::mt19937 random_;
  restart_policy policy_;
  std::vector<life> children_;
  supervision_play play_;
  std::map<std::size_t, std::size_t> starts_;
  std::size_t seen_ = 0; // of the trace
  int all_stopped_ = 0;
  std::vector<time_point> failed_at_; // unasked for
  bool is_over_ = false;
};

} // namespace

TEST_CASE("supervision: no schedule breaks the rules", "[supervision]") {
  auto gave_up = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    auto schedule = random_schedule{seed};
    INFO("seed " << seed);
    schedule.run();
    gave_up += schedule.has_given_up();
  }
  CHECK(gave_up > 30);
  CHECK(gave_up < 300);
}
