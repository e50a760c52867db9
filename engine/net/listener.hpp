#pragma once

#include "engine/net/byte_stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace troupe {

struct listener_options {
  endpoint at = {}; // port 0: the system chooses
  std::optional<tls_options> tls = {};
  std::size_t max_connections = 0; // 0: as many as the system allows
  std::chrono::milliseconds handshake_limit = std::chrono::seconds{10};
  /// The wait after the system had no file or memory left for a connection.
  std::chrono::milliseconds pause = std::chrono::milliseconds{100};
  /// The contexts that connections are dealt to, one after another, each run
  /// by one thread; the listener's own if there are none. They outlive it.
  std::vector<boost::asio::io_context*> contexts = {};
};

struct listener_events {
  /// Gets a stream whose handshake is over, on the stream's thread: with
  /// several contexts on several threads at once. Has to start it, or let go.
  std::function<void(std::shared_ptr<byte_stream> stream)> on_connection;
  /// Gets sentences for the log: handshakes that failed, a system that has no
  /// files left, all connections taken. May be left out; called like
  /// `on_connection`.
  std::function<void(const std::string& text)> on_trouble;
};

/// Accepts connections. With `max_connections` open, others wait in the
/// system's queue. Every method may be called from any thread.
class listener : public std::enable_shared_from_this<listener> {
public:
  /// Binds and listens, but accepts nothing before `start`. Fails with
  /// `in_use`, `bad_config` or `cannot_create`.
  static result<std::shared_ptr<listener>>
  open(boost::asio::io_context& context, listener_options options);

  /// Starts accepting. To be called once.
  void start(listener_events events);

  /// Stops accepting; streams that were handed out stay.
  void stop();

  /// Returns where it listens, with the port the system chose.
  const endpoint& bound() const { return bound_; }

  /// Returns how many connections are open, those in a handshake included.
  std::size_t connections() const { return connections_; }

  /// Reads the TLS files again, for connections to come. Returns whether they
  /// had changed; with an error the old ones stay in use.
  result<bool> reload();

private:
  using tcp = boost::asio::ip::tcp;
  using error_code = boost::system::error_code;

  listener(boost::asio::io_context& context, listener_options options);
  error listen();
  void accept();
  void on_accepted(error_code why, tcp::socket socket);
  void on_full();
  void on_no_room(error_code why);
  void take(tcp::socket socket);
  void hand_out(
    const std::shared_ptr<byte_stream>& stream, error_code handshake) const;
  std::shared_ptr<void> seat();
  void on_seat_free();
  boost::asio::io_context& next_context();
  std::shared_ptr<const tls_context> tls() const;
  void trouble(const std::string& text) const;

  boost::asio::io_context& context_;
  const listener_options options_;
  tcp::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  endpoint bound_;
  listener_events events_; // not changed after `start`
  std::size_t dealt_ = 0;
  bool is_accepting_ = false;
  bool is_stopped_ = false;
  bool is_full_ = false;
  bool has_room_ = true; // the last try to accept did not run out
  std::atomic<std::size_t> connections_ = 0;
  mutable std::mutex mutex_; // guards tls_
  std::shared_ptr<const tls_context> tls_;
};

} // namespace troupe
