#pragma once

#include "engine/base/endpoint.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <functional>
#include <string>
#include <vector>

namespace troupe::test {

/// What a fake endpoint sends for a request, as it is.
struct fake_reply {
  std::string bytes;
  bool is_endless = false; // again and again
  bool closes = true;      // or says nothing more
};

/// Wraps a text into an answer of HTTP.
inline fake_reply
http(const std::string& body, const std::string& status = "200 OK") {
  return {
    "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\n"
      + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
    false, false};
}

/// Wraps the beginning of a stream, one line of it.
inline fake_reply stream(const std::string& line) {
  auto size = std::array<char, 16>{};
  std::snprintf(size.data(), size.size(), "%zx", line.size() + 1);
  return {
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      + std::string{size.data()} + "\r\n" + line + "\n\r\n",
    false, false};
}

/// An endpoint that says whatever a test wants, on the loopback.
class fake_endpoint {
public:
  using tcp = boost::asio::ip::tcp;
  using talk = std::function<fake_reply(const std::string& request)>;

  fake_endpoint(boost::asio::io_context& context, talk how)
    : acceptor_{context, tcp::endpoint{boost::asio::ip::make_address("127.0.0.1"), 0}},
      how_{std::move(how)} {
    boost::asio::co_spawn(context, accept(), boost::asio::detached);
  }

  endpoint at() const {
    return {"127.0.0.1", acceptor_.local_endpoint().port()};
  }

  std::vector<std::string> requests;

private:
  static constexpr auto awaited =
    boost::asio::as_tuple(boost::asio::use_awaitable);

  boost::asio::awaitable<void> accept() {
    for (;;) {
      auto [why, socket] = co_await acceptor_.async_accept(awaited);
      if (why) co_return;
      boost::asio::co_spawn(
        acceptor_.get_executor(), serve(std::move(socket)),
        boost::asio::detached);
    }
  }

  boost::asio::awaitable<void> serve(tcp::socket socket) {
    auto request = std::string{};
    auto part = std::string(65536, '\0');
    for (;;) {
      auto [why, bytes] =
        co_await socket.async_read_some(boost::asio::buffer(part), awaited);
      if (why) co_return;
      request.append(part, 0, bytes);
      if (!is_whole(request)) continue;
      requests.push_back(request);
      auto reply = how_(request);
      request.clear();
      do {
        auto [failed, sent] = co_await boost::asio::async_write(
          socket, boost::asio::buffer(reply.bytes), awaited);
        if (failed) co_return;
      } while (reply.is_endless);
      if (reply.closes) co_return;
    }
  }

  // Requests here end with the JSON's last brace.
  static bool is_whole(const std::string& request) {
    return request.find("\r\n\r\n") != std::string::npos
           && request.back() == '}';
  }

  tcp::acceptor acceptor_;
  talk how_;
};

} // namespace troupe::test
