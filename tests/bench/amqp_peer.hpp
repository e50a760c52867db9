#pragma once

#include "tests/bench/amqp_wire.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::bench::amqp {

/// A socket of its own with bytes on their way out and in.
class peer {
public:
  /// Takes the socket over.
  explicit peer(int socket);
  ~peer();
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;

  int socket() const { return socket_; }
  std::string& out() { return out_; }
  std::size_t unsent() const { return out_.size() - sent_; }
  /// Writes as much as goes without waiting. False where the other side is
  /// gone.
  bool flush();
  /// Reads as much as is there. False where the other side is gone.
  bool fill() { return in_.fill(socket_); }
  std::optional<frame> next() { return in_.next(); }
  bool skip(std::size_t bytes) { return in_.skip(bytes); }

  /// Sends all and waits for this method. Throws `std::runtime_error` with
  /// what came instead.
  frame await(method name);

private:
  int socket_;
  inbox in_;
  std::string out_;
  std::size_t sent_ = 0;
};

/// Returns a socket to the broker on this loopback port, with channel 1 open
/// once `shake_hands` is done.
int connect_to(std::uint16_t port);
void shake_hands(peer& x);

} // namespace troupe::bench::amqp
