#pragma once

#include "engine/gateway/gateway_machine.hpp"
#include "engine/gateway/shard_codec.hpp"
#include "tests/engine/gateway/gateway_rig.hpp"
#include "tests/engine/gateway/shard_host.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::test {

struct play_options {
  std::size_t shards = 1;
  queue_options queue;
};

/// Gateways, shards, and sessions between them, with frames as the codec has
/// them. A session that ends loses the requests that are under way. Checks that
/// no message is stored twice or out of its publisher's order.
class gateway_links {
public:
  gateway_links(std::uint32_t seed, play_options options)
    : random_{seed}, options_{std::move(options)} {
    options_.queue.name = "q";
    options_.queue.id = queue_id{7};
    for (std::size_t i = 0; i < options_.shards; ++i) {
      hosts_.push_back(std::make_unique<shard_host>(
        options_.queue, [this](auto session, auto what) {
          links_.at(session).replies.push_back(encoded(session, what));
        }));
      hosts_.back()->on_stored = [this](const auto& body) { note(body); };
    }
    for (int i = 0; i < 3; ++i) add_gateway();
  }
  gateway_links(const gateway_links&) = delete; // its shards call it
  gateway_links& operator=(const gateway_links&) = delete;

protected:
  /// A session of a gateway with a shard, and what is under way in it.
  struct session_link {
    std::size_t gate = 0;
    std::size_t shard = 0;
    bool is_over = false;
    std::deque<std::string> requests; // as the codec has them
    std::deque<std::string> replies;
  };

  struct member {
    std::unique_ptr<gateway::gateway_machine> machine;
    std::map<std::size_t, std::uint64_t> sessions; // by shard, while it is up
    std::map<std::pair<gateway::client_number, std::uint64_t>, std::size_t>
      consumers;
  };

  int roll(int sides) {
    return static_cast<int>(random_() % static_cast<unsigned>(sides));
  }
  template <class List>
  auto& any(List& list) {
    return list[static_cast<std::size_t>(roll(static_cast<int>(list.size())))];
  }

  // -- sessions

  template <class What>
  std::string encoded(std::uint64_t session, const What& what) {
    if constexpr (std::is_same_v<What, gateway::shard_request>)
      return gateway::encode(
        gateway::shard_frame{"/:q", group_id{0}, session, what, 1});
    else
      return gateway::encode(
        gateway::reply_frame{"/:q", group_id{0}, session, what, 1});
  }

  void connect(std::size_t gate, std::size_t shard) {
    if (!hosts_[shard]->is_up()) return;
    disconnect(gate, shard);
    links_[++last_session_] = {gate, shard, false, {}, {}};
    gates_[gate].sessions[shard] = last_session_;
    gates_[gate].machine->on_up(shard, last_session_);
    act(gate);
  }

  /// Ends a session: requests under way are lost, replies may still come.
  void disconnect(std::size_t gate, std::size_t shard) {
    auto found = gates_[gate].sessions.find(shard);
    if (found == gates_[gate].sessions.end()) return;
    auto& link = links_.at(found->second);
    link.is_over = true;
    link.requests.clear();
    hosts_[shard]->end(found->second);
    gates_[gate].sessions.erase(found);
    if (roll(2) == 0) return; // it hears of it only when the next one begins
    gates_[gate].machine->on_down(shard);
    act(gate);
  }

  void stop(std::size_t shard) {
    hosts_[shard]->stop();
    for (std::size_t i = 0; i < gates_.size(); ++i) disconnect(i, shard);
  }

  bool move_request(session_link& link, std::uint64_t session) {
    if (link.requests.empty() || !hosts_[link.shard]->is_up()) return false;
    auto frame = gateway::decode_shard_frame(link.requests.front());
    link.requests.pop_front();
    hosts_[link.shard]->take(
      session, std::get<gateway::shard_request>(frame.value().what));
    return true;
  }

  bool move_reply(session_link& link, std::uint64_t session) {
    if (link.replies.empty()) return false;
    auto frame = gateway::decode_reply_frame(link.replies.front());
    link.replies.pop_front();
    gates_[link.gate].machine->on_reply(
      link.shard, session,
      std::get<gateway::shard_reply>(std::move(frame.value().what)));
    act(link.gate);
    return true;
  }

  void move_one() {
    auto all = std::vector<std::uint64_t>{};
    for (const auto& [session, link] : links_) all.push_back(session);
    if (all.empty()) return;
    auto session = any(all);
    auto& link = links_.at(session);
    for (auto left = 1 + roll(4); left > 0; --left)
      if (roll(2) == 0 || !move_request(link, session))
        move_reply(link, session);
    if (link.is_over && link.replies.empty()) links_.erase(session);
  }

  // -- what gateways want done

  void act(std::size_t gate) {
    for (auto& x : gates_[gate].machine->take_actions())
      std::visit([&](auto& y) { carry_out(gate, y); }, x);
  }

  void carry_out(std::size_t gate, gateway::to_shard& x) {
    auto found = gates_[gate].sessions.find(x.shard);
    // The gateway may not have heard that it is over.
    if (found == gates_[gate].sessions.end() || found->second != x.session)
      return;
    links_.at(x.session).requests.push_back(encoded(x.session, x.what));
  }

  void carry_out(std::size_t gate, gateway::to_client& x) { on_heard(gate, x); }

  void carry_out(std::size_t, gateway::to_request&) {}

  // -- what is stored

  bool is_stored(const std::string& body) const {
    return std::ranges::any_of(
      hosts_, [&](const auto& x) { return x->stored.contains(body); });
  }

  /// Is told what a gateway says to a client of its.
  std::function<void(std::size_t gate, gateway::to_client&)> on_heard;

  std::minstd_rand random_;
  play_options options_;
  std::vector<std::unique_ptr<shard_host>> hosts_;
  std::vector<member> gates_;
  std::map<std::uint64_t, session_link> links_; // by session

private:
  void add_gateway() {
    auto options = gateway_over(options_.shards, options_.queue.partitions);
    options.publisher = "gate" + std::to_string(gates_.size());
    auto made = member{};
    made.machine = std::make_unique<gateway::gateway_machine>(options);
    gates_.push_back(std::move(made));
  }

  /// Each line of a publisher and partition is stored in order, without a gap.
  void note(const std::string& body) {
    auto line = body.substr(0, body.find(':'));
    auto number = std::stoull(body.substr(line.size() + 1));
    INFO("out of order: " << body);
    REQUIRE(number == ++stored_to_[line]);
  }

  std::uint64_t last_session_ = 0;
  std::map<std::string, std::uint64_t> stored_to_; // by line
};

} // namespace troupe::test
