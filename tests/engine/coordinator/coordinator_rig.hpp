#pragma once

#include "engine/coordinator/etcd_coordinator.hpp"
#include "engine/coordinator/local_coordinator.hpp"
#include "engine/coordinator/memory_coordinator.hpp"
#include "tests/engine/coordinator/etcd_rig.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

// Any coordinator, driven to answer: by winding on its time, by running its
// context, or by waiting for its thread.

namespace troupe::test {

using namespace std::chrono_literals;

/// What a coordinator needs to get on.
class coordinator_drive {
public:
  virtual ~coordinator_drive() = default;
  virtual std::unique_ptr<coordinator> client() = 0;
  virtual void step() = 0;

  /// Steps until `is_true`; false after a long time.
  template <class Claim>
  bool until(Claim is_true) {
    auto latest = std::chrono::steady_clock::now() + 20s;
    while (!checked(is_true)) {
      if (std::chrono::steady_clock::now() > latest) return false;
      step();
    }
    return true;
  }

  // -- callbacks of other threads write under this lock

  template <class Act>
  auto locked(Act act) {
    auto lock = std::scoped_lock{mutex};
    auto done =
      std::shared_ptr<void>{nullptr, [this](void*) { news.notify_all(); }};
    return act();
  }

  std::recursive_mutex mutex;
  std::condition_variable_any news;

private:
  template <class Claim>
  bool checked(Claim is_true) {
    auto lock = std::scoped_lock{mutex};
    return is_true();
  }
};

class memory_drive final : public coordinator_drive {
public:
  std::unique_ptr<coordinator> client() override {
    return world.client("client");
  }
  void step() override { world.tick(now += 1ms); }

  memory_world world;
  time_point now{1h};
};

class local_drive final : public coordinator_drive {
public:
  // A node that is alone has one client: calls go to one coordinator.
  std::unique_ptr<coordinator> client() override {
    return local_coordinator::open(folder.path() / "coordinator").value();
  }
  void step() override {
    auto lock = std::unique_lock{mutex};
    news.wait_for(lock, 2ms);
  }

  temp_folder folder;
};

/// Asks an etcd that is the test's own, or one that all share.
class etcd_drive final : public coordinator_drive {
public:
  explicit etcd_drive(std::shared_ptr<etcd_rig> with) : etcd{std::move(with)} {}
  explicit etcd_drive(std::size_t members = 1)
    : etcd{std::make_shared<etcd_rig>(members)} {}

  std::unique_ptr<coordinator> client() override {
    return client({.endpoints = etcd->endpoints()});
  }
  std::unique_ptr<coordinator> client(etcd_options options) {
    return etcd_coordinator::open(context, std::move(options)).value();
  }
  void step() override {
    context.restart();
    context.run_one_for(20ms);
  }

  std::shared_ptr<etcd_rig> etcd;
  boost::asio::io_context context{1};
};

// -- asking and waiting

struct seen_changes {
  std::vector<key_change> changes;
  std::vector<std::string> resyncs;
  std::unique_ptr<watching> watch;
};

inline std::unique_ptr<coordinator_drive> make_drive(const std::string& kind) {
  if (kind == "memory") return std::make_unique<memory_drive>();
  if (kind == "local") return std::make_unique<local_drive>();
  static const auto shared = std::make_shared<etcd_rig>();
  return std::make_unique<etcd_drive>(shared);
}

/// A client, with calls that wait for their answer.
class asking {
public:
  explicit asking(coordinator_drive& drive) : asking{drive, drive.client()} {}
  asking(coordinator_drive& drive, std::unique_ptr<coordinator> with)
    : drive_{&drive}, with_{std::move(with)} {}

  coordinator& with() { return *with_; }

  result<kept_range> range(const std::string& prefix) {
    return wait<result<kept_range>>([&](auto done) {
      with_->range(
        prefix, [done](result<kept_range> x) { done(std::move(x)); });
    });
  }

  /// Reads until that works, as after a start.
  kept_range read(const std::string& prefix) {
    for (auto i = 0; i < 20; ++i)
      if (auto x = range(prefix)) return std::move(*x);
    FAIL("no coordinator answers");
    return {};
  }

  txn_answer txn(txn_request what) {
    return wait<txn_answer>([&](auto done) {
      with_->txn(what, [done](txn_answer x) { done(std::move(x)); });
    });
  }

  txn_answer put(
    const std::string& key,
    const std::string& value,
    std::optional<revision> expected = {}) {
    auto what = txn_request{};
    if (expected) what.expects.push_back({key, *expected});
    what.puts.push_back({key, value});
    return txn(what);
  }

  /// Puts, again and again while nobody knows whether it was done.
  bool put_at_last(const std::string& key, const std::string& value) {
    auto outcome = txn_outcome::unknown;
    for (auto i = 0; i < 20 && outcome == txn_outcome::unknown; ++i)
      outcome = put(key, value).outcome;
    return outcome == txn_outcome::done;
  }

  txn_answer erase(const std::string& key) {
    auto what = txn_request{};
    what.erases.push_back(key);
    return txn(what);
  }

  std::shared_ptr<seen_changes>
  watch(const std::string& prefix, revision after) {
    auto seen = std::make_shared<seen_changes>();
    seen->watch = with_->watch(
      prefix, after, [&drive = *drive_, to = seen.get()](watch_notice x) {
        drive.locked([&] {
          for (auto& change : x.changes)
            to->changes.push_back(std::move(change));
          if (x.is_resync) to->resyncs.push_back(x.why);
        });
      });
    return seen;
  }

  result<std::shared_ptr<session>>
  open_session(duration ttl, std::function<void(std::string)> on_lost = {}) {
    auto opened =
      wait<std::shared_ptr<result<std::unique_ptr<session>>>>([&](auto done) {
        auto on_open = [done](result<std::unique_ptr<session>> x) {
          done(
            std::make_shared<result<std::unique_ptr<session>>>(std::move(x)));
        };
        with_->open_session(ttl, {on_open, std::move(on_lost)});
      });
    if (!*opened) return opened->error();
    return std::shared_ptr<session>{std::move(**opened)};
  }

  bool until(const std::function<bool()>& is_true) {
    return drive_->until(is_true);
  }

private:
  template <class Answer, class Ask>
  Answer wait(Ask ask) {
    auto answers = std::make_shared<std::vector<Answer>>();
    ask([&drive = *drive_, answers](Answer x) {
      drive.locked([&] { answers->push_back(std::move(x)); });
    });
    REQUIRE(drive_->until([&] { return !answers->empty(); }));
    return std::move(answers->front());
  }

  coordinator_drive* drive_;
  std::unique_ptr<coordinator> with_;
};

inline std::vector<std::string> values_of(const kept_range& in) {
  auto out = std::vector<std::string>{};
  for (const auto& x : in.values) out.push_back(x.key + '=' + x.value);
  return out;
}

inline std::vector<std::string> texts_of(const std::vector<key_change>& in) {
  auto out = std::vector<std::string>{};
  for (const auto& x : in)
    out.push_back(x.value ? x.key + '=' + *x.value : x.key + " gone");
  return out;
}

} // namespace troupe::test
