#pragma once

#include "actors/interfaces.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::test {

struct sandbox_config : caf::actor_system_config {
  sandbox_config() { set("scheduler.policy", caf::atom("testing")); }
};

/// An actor system in which nothing moves by itself: no threads, and a clock
/// only the test winds on. Actors spawned through it are gone with it.
class sandbox {
  sandbox_config config_; // first: the system below reads it
  std::vector<caf::actor_addr> spawned_;

public:
  caf::actor_system system{config_};
  caf::scoped_actor self{system, true};

  ~sandbox() {
    for (const auto& x : spawned_)
      if (auto who = caf::actor_cast<caf::actor>(x))
        caf::anon_send_exit(who, caf::exit_reason::kill);
    play();
  }

  template <class... Args>
  auto spawn(Args&&... args) {
    auto made = system.spawn(std::forward<Args>(args)...);
    keep(made);
    play();
    return made;
  }

  /// Ends an actor with the sandbox, whoever spawned it.
  template <class Handle>
  void keep(const Handle& who) {
    spawned_.push_back(who.address());
  }

  /// Delivers messages until every mailbox is empty.
  void play() { clockwork().run(); }

  /// Winds the clock on by `time`, then plays what that woke.
  void wait(caf::timespan time) {
    clockwork().advance_time(time);
    play();
  }

  template <class Actor, class Message>
  void tell(const Actor& actor, Message message) {
    self->send(actor, std::move(message));
    play();
  }

  /// Sends `question`, plays, and returns the answer, or nothing.
  template <class Answer, class Actor, class Question>
  std::optional<Answer> ask(const Actor& actor, Question question) {
    auto answer = std::optional<Answer>{};
    auto reply = self->request(actor, caf::infinite, std::move(question));
    play();
    reply.receive(
      [&](Answer& x) { answer = std::move(x); }, [](const caf::error&) {});
    return answer;
  }

  /// Returns the next message of a type that was sent to the test, or nothing.
  template <class Message>
  std::optional<Message> take() {
    auto taken = std::optional<Message>{};
    self->receive(
      [&](Message& x) { taken = std::move(x); },
      caf::after(std::chrono::seconds{0}) >> [] {});
    return taken;
  }

private:
  caf::scheduler::test_coordinator& clockwork() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }
};

/// A store that keeps nothing and says yes when it is told to.
class yes_store {
public:
  static store_actor spawn(sandbox& box, std::shared_ptr<yes_store> state) {
    return box.spawn(
      [state](store_actor::pointer self) -> store_actor::behavior_type {
        return {
          [state, self](store::commit& msg) {
            // What is appended has a partition each, for the answer.
            CHECK(
              (msg.what.appends.empty()
               || msg.what.appends.size() == msg.partitions.size()));
            state->seen.push_back(msg.what);
            auto answer = queue::stored{};
            for (auto partition : msg.partitions)
              answer.what.emplace_back(partition, ++state->last_index);
            auto to = caf::actor_cast<queue_actor>(self->current_sender());
            if (state->is_slow)
              state->held.emplace_back(to, answer);
            else
              self->send(to, answer);
          },
          [](store::flush) {},
          [](store::look) {},
          [state](const store::define& msg) {
            return store::defined{
              {msg.queue, queue_id{++state->last_queue}, msg.partitions}, {}};
          },
          [state](const store::drop& msg) {
            state->drops.push_back(msg.queue);
          },
        };
      });
  }

  bool is_slow = false;
  std::vector<commit_request> seen;
  std::vector<std::string> drops;
  std::vector<std::pair<queue_actor, queue::stored>> held;
  log_index last_index = 0;
  std::uint64_t last_queue = 0;
};

/// A reader for queues that start empty; it can be made to answer later.
class empty_reader {
public:
  static reader_actor spawn(sandbox& box, std::shared_ptr<empty_reader> state) {
    return box.spawn(
      [state](reader_actor::pointer self) -> reader_actor::behavior_type {
        return {
          [](const store::read&) {},
          [state, self](store::recover& msg) {
            auto made = std::make_shared<queue_machine>(std::move(msg.options));
            auto to = caf::actor_cast<queue_actor>(self->current_sender());
            if (state->is_slow)
              state->held.emplace_back(to, queue::recovered{made});
            else
              self->send(to, queue::recovered{made});
          },
        };
      });
  }

  bool is_slow = false;
  std::vector<std::pair<queue_actor, queue::recovered>> held;
};

inline reader_actor spawn_empty_reader(sandbox& box) {
  return empty_reader::spawn(box, std::make_shared<empty_reader>());
}

} // namespace troupe::test
