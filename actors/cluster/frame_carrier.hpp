#pragma once

#include "engine/cluster/group_record.hpp"
#include "engine/peers/peer_links.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// What a message between members is about; its last byte.
enum class message_kind : std::uint8_t {
  replication = 1,
  to_shard = 2,   // of a queue's gateway
  from_shard = 3, // to a queue's gateway
  topology = 4,
  controller = 5,
  question = 6, // of an operator, or about work that is left
  answer = 7,   // to a question
};

/// Carries messages between members, by their numbers, whatever over: each
/// kind of message has its own taker. Every method may be called from any
/// thread.
class frame_carrier {
public:
  using member_id = cluster::member_id;
  using taker = std::function<void(member_id from, std::string message)>;

  struct named_member {
    std::string name;
    known_member where;
  };

  virtual ~frame_carrier() = default;

  /// Says who takes messages of a kind. Before the first comes.
  void take(message_kind kind, taker by) {
    takers_[static_cast<std::size_t>(kind)] = std::move(by);
  }

  /// Says who the others are, this member among them or not.
  virtual void set_members(const std::map<member_id, named_member>& all) = 0;

  /// Sends a message. One that is lost is told as the link's break.
  virtual void send(member_id to, message_kind kind, std::string message) = 0;

  /// Returns the members to which a link works.
  virtual std::vector<member_id> reachable() const = 0;

protected:
  /// Hands a message to who takes its kind; none is for nobody.
  void hand_over(member_id from, std::size_t kind, std::string message) {
    if (kind < takers_.size() && takers_[kind])
      takers_[kind](from, std::move(message));
  }

private:
  std::array<taker, 8> takers_; // by kind
};

} // namespace troupe
