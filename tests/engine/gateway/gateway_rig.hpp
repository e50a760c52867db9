#pragma once

#include "engine/gateway/gateway_machine.hpp"
#include "tests/support/builders.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

namespace troupe::test {

/// Options of a queue whose partitions lie in so many shards, in turns.
inline gateway::gateway_options
gateway_over(std::size_t shards, std::size_t partitions) {
  auto made = gateway::gateway_options{};
  made.name = "q";
  made.vhost = "/";
  made.publisher = "gate";
  for (std::size_t i = 0; i < shards; ++i)
    made.shards.push_back(group_id{static_cast<std::uint8_t>(i)});
  for (std::size_t i = 0; i < partitions; ++i)
    made.shard_of.push_back(i % shards);
  return made;
}

inline publish publish_of(
  std::uint64_t ticket,
  const std::vector<std::string>& bodies,
  std::uint16_t partition = 0) {
  return {ticket, partition, {}, {}, batch_of(bodies)};
}

inline loaned_run
lent(position at, const std::vector<std::string>& bodies = {"x"}) {
  auto messages = batch_of(bodies);
  auto count = static_cast<std::uint32_t>(messages->size());
  return {std::move(messages), 0, count, at, {}};
}

inline settlement acks(std::vector<position_run> runs) {
  auto made = settlement{};
  made.partition = partition_of(runs.at(0).first);
  made.acked = std::move(runs);
  return made;
}

/// A gateway whose actions the test takes, one kind after another.
struct gateway_rig {
  explicit gateway_rig(std::size_t shards = 1, std::size_t partitions = 1)
    : machine{gateway_over(shards, partitions)} {}

  explicit gateway_rig(gateway::gateway_options options)
    : machine{std::move(options)} {}

  /// Brings a shard up under the next session.
  void up(std::size_t shard = 0) {
    machine.on_up(shard, ++session);
    sessions[shard] = session;
  }

  void reply(gateway::shard_reply what, std::size_t shard = 0) {
    machine.on_reply(shard, sessions.at(shard), std::move(what));
  }

  void answer(
    std::uint64_t consumer, amqp::answer what = {}, std::size_t shard = 0) {
    reply(gateway::answered{consumer, std::move(what)}, shard);
  }

  /// Subscribes a client's consumer; all shards, which are up, take it.
  void consume(
    std::uint64_t client, std::uint64_t consumer, subscription what = {}) {
    machine.on_subscribe(client, consumer, what, false);
    for (const auto& [shard, x] : sent<gateway::subscribe>())
      answer(x.consumer, amqp::done{}, shard);
    REQUIRE(told<gateway::answered>().size() == 1);
  }

  /// Takes what was sent to shards of one kind, with the shard.
  template <class Request>
  std::vector<std::pair<std::size_t, Request>> sent() {
    auto found = std::vector<std::pair<std::size_t, Request>>{};
    take([&](const gateway::gateway_action& x) {
      auto* to = std::get_if<gateway::to_shard>(&x);
      auto* what = to ? std::get_if<Request>(&to->what) : nullptr;
      if (what) found.emplace_back(to->shard, *what);
      if (what) CHECK(to->session == sessions.at(to->shard));
      return what != nullptr;
    });
    return found;
  }

  /// The same, of what clients were told.
  template <class Fact>
  std::vector<std::pair<std::uint64_t, Fact>> told() {
    auto found = std::vector<std::pair<std::uint64_t, Fact>>{};
    take([&](const gateway::gateway_action& x) {
      auto* to = std::get_if<gateway::to_client>(&x);
      auto* what = to ? std::get_if<Fact>(&to->what) : nullptr;
      if (what) found.emplace_back(to->client, *what);
      return what != nullptr;
    });
    return found;
  }

  /// The same, of promises that were kept.
  template <class Answer>
  std::vector<Answer> kept() {
    auto found = std::vector<Answer>{};
    take([&](const gateway::gateway_action& x) {
      auto* to = std::get_if<gateway::to_request>(&x);
      auto* what = to ? std::get_if<Answer>(&to->what) : nullptr;
      if (what) found.push_back(*what);
      return what != nullptr;
    });
    return found;
  }

  bool nothing_else() {
    collect();
    return actions.empty();
  }

  void drop_all() {
    collect();
    actions.clear();
  }

  /// Bodies of all that was sent to a shard to publish, in order.
  std::vector<std::string> published(std::size_t shard = 0) {
    auto all = std::vector<std::string>{};
    for (const auto& [to, x] : sent<gateway::enqueue>()) {
      CHECK(to == shard);
      for (const auto& y : x.what)
        for (std::size_t i = 0; i < y.messages->size(); ++i)
          all.emplace_back((*y.messages)[i].body());
    }
    return all;
  }

  gateway::gateway_machine machine;
  std::uint64_t session = 100;
  std::map<std::size_t, std::uint64_t> sessions; // of each shard's last coming

private:
  void collect() {
    for (auto& x : machine.take_actions()) actions.push_back(std::move(x));
  }

  template <class Wanted>
  void take(Wanted wanted) {
    collect();
    std::erase_if(actions, wanted);
  }

  std::vector<gateway::gateway_action> actions;
};

} // namespace troupe::test
