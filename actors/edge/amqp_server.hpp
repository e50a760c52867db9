#pragma once

#include "actors/edge/connection_actor.hpp"
#include "engine/net/listener.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/actor_addr.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace troupe {

struct amqp_server_options {
  std::string name; // of the source, for logs
  endpoint listen;
  std::optional<endpoint> tls_listen;
  tls_options tls;
  std::size_t max_connections = 0;      // 0: as many as the system allows
  amqp::connection_options connections; // what all have in common
};

/// Listens for AMQP clients and starts a connection actor for each. Runs its
/// sockets on a thread of its own.
class amqp_server {
public:
  /// Binds; accepts nothing before `start`.
  static result<std::unique_ptr<amqp_server>> open(
    caf::actor_system& system,
    connection_places places,
    amqp_server_options options);

  ~amqp_server();

  void start();

  /// Stops accepting, asks all connections to close and waits until they have,
  /// or until `deadline`.
  void stop(std::chrono::steady_clock::time_point deadline);

  std::size_t connections() const;

  /// Returns where it listens for plain AMQP.
  const endpoint& bound() const { return listeners_.front()->bound(); }

private:
  amqp_server(
    caf::actor_system& system,
    connection_places places,
    amqp_server_options options);

  result<> listen(const endpoint& at, std::optional<tls_options> tls);
  void begin(std::shared_ptr<byte_stream> stream);
  std::vector<caf::actor> live();
  void tick();
  void tell_of_disk();
  void reload_certificates();

  caf::actor_system& system_;
  connection_places places_;
  amqp_server_options options_;
  boost::asio::io_context io_{1};
  boost::asio::steady_timer timer_{io_};
  std::vector<std::shared_ptr<listener>> listeners_;
  std::thread thread_;
  bool was_full_ = false;    // the disk, as connections were told
  std::string reload_fault_; // said once
  mutable std::mutex mutex_; // guards what follows
  std::map<std::uint64_t, caf::actor_addr> connections_;
};

} // namespace troupe
