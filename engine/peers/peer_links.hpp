#pragma once

#include "engine/link/link_timing.hpp"
#include "engine/net/listener.hpp"
#include "engine/peers/incoming_link.hpp"
#include "engine/peers/outgoing_link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace troupe {

struct peer_links_options {
  member_identity self;
  endpoint listen; // port 0: the system chooses
  /// Certificates of this member, for both directions. Without them links go
  /// in the clear and `listen` has to be on the loopback.
  std::optional<tls_options> tls;
  link_timing timing;
  std::uint64_t window = 8 * 1024 * 1024;       // bytes from each member
  std::size_t most_waiting = 64 * 1024 * 1024;  // bytes to each member
  std::size_t most_message = 512 * 1024 * 1024; // bytes
  std::size_t max_connections = 1024;           // from whoever
};

/// Where another member listens, and the store it is registered with.
struct known_member {
  endpoint at;
  std::string store_id;
  bool operator==(const known_member&) const = default;
};

/// What happens, told on the links' own thread. None may block, or call `stop`.
struct peer_links_events {
  /// A message of another member. Counts against its window until `handled`.
  std::function<void(const std::string& member, std::string message)>
    on_message;
  /// Messages can be sent to a member from now on; what was sent before may be
  /// lost.
  std::function<void(const std::string& member)> on_up;
  std::function<void(const std::string& member, const std::string& why)>
    on_down;
  /// Messages to a member could not go and are lost; told now and then.
  std::function<void(const std::string& member)> on_dropped = {};
  /// A sentence for the log.
  std::function<void(const std::string& text)> on_trouble = {};
};

/// The links of one member with all others: listens, connects to each, comes
/// back after a break, and carries messages (docs/peer_protocol.md). Runs on a
/// thread of its own; every method may be called from any thread.
class peer_links {
public:
  /// Binds; nothing happens before `start`. Fails with `bad_config`, `in_use`
  /// or `cannot_create`.
  static result<std::unique_ptr<peer_links>>
  open(peer_links_options options, peer_links_events events);

  ~peer_links();

  void start();

  /// Says who the others are. Links to those that are not among them, or
  /// moved, end; nobody else is let in.
  void set_members(std::map<std::string, known_member> members);

  /// Sends a message. One that cannot go, for the link is down or the other end
  /// takes no more, is dropped and counted.
  void send(const std::string& member, std::string message);

  /// So many bytes of a member's messages need no more memory.
  void handled(const std::string& member, std::size_t bytes);

  /// Closes everything and returns when nothing is told any more.
  void stop();

  const endpoint& bound() const { return listener_->bound(); }
  std::uint64_t dropped() const { return dropped_; }

private:
  peer_links(peer_links_options options, peer_links_events events);
  result<> listen();

  // -- on the links' thread
  void take(std::shared_ptr<byte_stream> stream);
  void supersede(const std::string& member);
  void tick();
  void drain();
  void connect_to(const std::map<std::string, known_member>& members);
  void close_all();
  void sweep();
  admission terms() const;

  peer_links_options options_;
  peer_links_events events_;
  boost::asio::io_context io_{1};
  boost::asio::steady_timer timer_{io_};
  std::shared_ptr<const tls_context> client_tls_;
  std::shared_ptr<listener> listener_;
  std::map<std::string, known_member> members_;
  std::map<std::string, std::shared_ptr<outgoing_link>> outgoing_;
  std::vector<std::shared_ptr<incoming_link>> incoming_;
  std::set<std::string> robbed_; // members to whom messages were dropped
  bool is_stopped_ = false;      // nothing may begin any more
  std::thread thread_;
  std::atomic<std::uint64_t> dropped_ = 0;

  // -- from any thread
  struct errand {
    std::string member;
    std::string message;
    std::size_t handled = 0; // instead of a message
  };
  std::mutex mutex_; // guards what follows
  std::vector<errand> errands_;
  bool is_drain_posted_ = false;
};

} // namespace troupe
