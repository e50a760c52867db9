#pragma once

#include "engine/link/link_sender.hpp"
#include "engine/net/dialer.hpp"

#include <functional>
#include <memory>
#include <random>
#include <string>

namespace troupe {

/// The clock that links go by; it has no meaning beyond this process.
inline time_point link_now() {
  return time_point{std::chrono::duration_cast<duration>(
    std::chrono::steady_clock::now().time_since_epoch())};
}

/// The shell of one `link_sender`: its connection, made anew as often as the
/// sender wants one. On its context's thread alone.
class outgoing_link : public std::enable_shared_from_this<outgoing_link> {
public:
  struct events {
    std::function<void()> on_up;
    std::function<void(const std::string& why)> on_down;
    std::function<void(const std::string& why)> on_trouble;
  };

  outgoing_link(
    boost::asio::io_context& context,
    endpoint to,
    std::shared_ptr<const tls_context> tls,
    link_sender::options options,
    events told);

  bool send(std::string message);
  void tick();

  /// The member is there again: connects at once, if it is not connected.
  void seen();

  /// Ends it; nothing is told any more.
  void stop();

  const endpoint& to() const { return to_; }

private:
  void obey();
  void dial();
  void on_dialed(result<std::shared_ptr<byte_stream>> made);
  void drop_connection();

  boost::asio::io_context& context_;
  endpoint to_;
  std::shared_ptr<const tls_context> tls_;
  std::chrono::milliseconds limit_;
  link_sender sender_;
  events events_;
  std::shared_ptr<dialer> dialer_;
  std::shared_ptr<byte_stream> stream_;
  std::uint64_t connection_ = 0; // numbers them; older ones are not heard
  std::minstd_rand random_;
};

} // namespace troupe
