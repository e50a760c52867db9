#pragma once

#include "engine/net/byte_stream.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace troupe {

/// An attempt to connect: looks the name up, tries its addresses in turn, and
/// agrees on TLS. Runs on its context's thread; every method may be called
/// from any thread.
class dialer : public std::enable_shared_from_this<dialer> {
public:
  /// Gets the stream, which is to be started, or why there is none, a sentence
  /// for the log.
  using answer = std::function<void(result<std::shared_ptr<byte_stream>>)>;

  /// Starts. `done` is called once, on the context's thread, at the latest
  /// after `limit`; never before this returns. Without `tls`, a client's,
  /// bytes go as they are.
  static std::shared_ptr<dialer> start(
    boost::asio::io_context& context,
    endpoint to,
    std::shared_ptr<const tls_context> tls,
    std::chrono::milliseconds limit,
    answer done);

  /// Gives up; `done` is not called any more.
  void stop();

private:
  using tcp = boost::asio::ip::tcp;
  using error_code = boost::system::error_code;

  dialer(
    boost::asio::io_context& context,
    endpoint to,
    std::shared_ptr<const tls_context> tls,
    std::chrono::milliseconds limit,
    answer done);

  void look_up();
  void connect(const tcp::resolver::results_type& found);
  void on_connected();
  void fail(const std::string& why);
  void end(result<std::shared_ptr<byte_stream>> made);
  std::chrono::milliseconds left() const;

  boost::asio::io_context& context_;
  endpoint to_;
  std::shared_ptr<const tls_context> tls_;
  std::chrono::steady_clock::time_point until_;
  answer done_; // null once it was called
  tcp::resolver resolver_;
  tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<byte_stream> stream_; // while it agrees on TLS
};

} // namespace troupe
