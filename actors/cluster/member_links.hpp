#pragma once

#include "engine/cluster/group_record.hpp"
#include "engine/peers/peer_links.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace troupe {

/// What a message between members is about; its last byte.
enum class message_kind : std::uint8_t {
  replication = 1,
  to_shard = 2,   // of a queue's gateway
  from_shard = 3, // to a queue's gateway
  topology = 4,
  controller = 5,
};

/// The members' links by number, shared by all that talk to other members:
/// each kind of message has its own taker. Every method may be called from any
/// thread.
class member_links {
public:
  using member_id = cluster::member_id;
  using taker = std::function<void(member_id from, std::string message)>;

  struct named_member {
    std::string name;
    known_member where;
  };

  /// Told on the links' thread; none may block.
  struct events {
    std::function<void(member_id)> on_up;
    std::function<void(member_id)> on_down;
  };

  static result<std::unique_ptr<member_links>> open(peer_links_options options);

  /// Says who takes messages of a kind. Before `start`.
  void take(message_kind kind, taker by) {
    takers_[static_cast<std::size_t>(kind)] = std::move(by);
  }

  void start(events told);

  /// Says who the others are, this member among them or not.
  void set_members(const std::map<member_id, named_member>& all);

  /// Sends a message. One that is lost is followed by `on_down`.
  void send(member_id to, message_kind kind, std::string message);

  /// Returns the members to which a link works.
  std::vector<member_id> reachable() const;

  void stop() { links_->stop(); }
  const endpoint& bound() const { return links_->bound(); }

private:
  static constexpr std::size_t kinds = 6;

  void received(const std::string& from, std::string message);
  member_id id_of(const std::string& name) const;
  void begin_anew(const std::string& name);
  void tell(const std::string& name, bool is_up);

  std::array<taker, kinds> takers_;
  events events_;
  std::unique_ptr<peer_links> links_;

  mutable std::mutex mutex_; // guards what follows
  std::map<std::string, member_id> ids_;
  std::map<member_id, std::string> names_;
  std::map<member_id, bool> up_;
};

} // namespace troupe
