#pragma once

#include "actors/interfaces.hpp"
#include "engine/gateway/shard_messages.hpp"

#include <utility>
#include <variant>

namespace troupe {

/// Asks a shard on this member for what a gateway wants, in an actor's name.
/// `reply` is called, as long as that actor is there, with answers to what is
/// a request to the shard; all others come to it as messages.
template <class Self, class Reply>
class shard_requests {
public:
  shard_requests(Self self, queue_actor to, Reply reply)
    : self_{self}, to_{std::move(to)}, reply_{std::move(reply)} {}

  void operator()(gateway::enqueue& x) {
    self_->send(to_, queue::enqueue{std::move(x.what)});
  }
  void operator()(gateway::subscribe& x) {
    self_->send(
      to_, queue::subscribe{std::move(x.what), x.consumer, x.is_paused});
  }
  void operator()(gateway::settle& x) {
    self_->send(to_, queue::settle{0, std::move(x.what), x.consumer});
  }
  void operator()(gateway::leave& x) {
    self_->send(to_, queue::leave{std::move(x.crash), x.consumer});
  }
  void operator()(gateway::cancel& x) {
    self_->send(to_, queue::cancel{x.consumer, x.answers});
  }
  void operator()(gateway::grant& x) {
    self_->send(to_, queue::grant{x.consumer, x.credit});
  }
  void operator()(gateway::pause& x) {
    self_->send(to_, queue::pause{x.consumer, x.is_paused});
  }
  void operator()(gateway::written& x) {
    self_->send(to_, queue::written{x.consumer, x.bytes});
  }
  void operator()(gateway::get& x) {
    self_->send(to_, queue::get{x.consumer, x.no_ack});
  }
  void operator()(gateway::purge& x) {
    ask<queue::purged>(queue::purge{}, [number = x.number](const auto& y) {
      return gateway::purged{number, y.messages};
    });
  }
  void operator()(gateway::erase& x) {
    ask<queue::erased>(
      queue::erase{x.if_unused, x.if_empty},
      [number = x.number](const auto& y) {
        return gateway::erased{
          number, static_cast<gateway::erased::verdict>(y.what), y.messages};
      });
  }
  void operator()(gateway::describe& x) {
    ask<queue::description>(
      queue::describe{x.is_use}, [number = x.number](const auto& y) {
        return gateway::described{number, y.figures};
      });
  }

private:
  /// A shard that is gone does not answer; its next incarnation is asked.
  template <class Answer, class Question, class Make>
  void ask(Question what, Make make) {
    self_->request(to_, caf::infinite, std::move(what))
      .then(
        [reply = reply_, make](const Answer& x) { reply(make(x)); },
        [](const caf::error&) {});
  }

  Self self_;
  queue_actor to_;
  Reply reply_;
};

} // namespace troupe
