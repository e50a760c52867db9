#pragma once

#include "engine/net/listener.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <future>
#include <thread>

namespace troupe::test {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using boost::system::error_code;

/// A stream and what it told.
struct caught {
  std::shared_ptr<byte_stream> stream;
  std::vector<std::string> chunks;
  std::vector<std::size_t> written;
  std::vector<error_code> ends;

  std::string bytes() const {
    auto out = std::string{};
    for (const auto& chunk : chunks) out += chunk;
    return out;
  }

  bool is_closed() const { return !ends.empty(); }
};

/// Starts a stream that writes down what happens. The result has to live as
/// long as the stream's context.
inline std::unique_ptr<caught> catch_stream(std::shared_ptr<byte_stream> x) {
  auto out = std::make_unique<caught>();
  out->stream = std::move(x);
  out->stream->start(
    {[to = out.get()](std::string chunk) { to->chunks.push_back(chunk); },
     [to = out.get()](error_code why) { to->ends.push_back(why); },
     [to = out.get()](std::size_t bytes) { to->written.push_back(bytes); }});
  return out;
}

/// A listener on a free port of the loopback, driven by the test's own thread:
/// nothing moves but within `until` and `settle`.
class net_rig {
public:
  boost::asio::io_context context{1};
  std::vector<std::string> troubles;
  std::vector<std::unique_ptr<caught>> streams;
  std::shared_ptr<listener> server;

  explicit net_rig(listener_options options = {}) {
    if (options.at.host.empty()) options.at = {"127.0.0.1", 0};
    server = listener::open(context, std::move(options)).value();
    server->start(
      {[this](std::shared_ptr<byte_stream> x) {
         streams.push_back(catch_stream(std::move(x)));
       },
       [this](const std::string& text) { troubles.push_back(text); }});
    settle();
  }

  ~net_rig() {
    server->stop();
    for (const auto& x : streams) x->stream->abort();
    settle();
  }

  /// Does what can be done without waiting.
  void settle() {
    context.restart();
    context.poll();
  }

  /// Waits for events until `is_so`, at most ten seconds; asserts nothing.
  template <class Claim>
  bool comes(Claim is_so) {
    auto end = std::chrono::steady_clock::now() + 10s;
    context.restart();
    while (!is_so() && std::chrono::steady_clock::now() < end)
      context.run_one_for(100ms);
    return is_so();
  }

  template <class Claim>
  void until(Claim is_so) {
    REQUIRE(comes(is_so));
  }

  tcp::endpoint address() const {
    const auto& at = server->bound();
    return {boost::asio::ip::make_address(at.host), at.port};
  }

  /// Connects and waits until the listener has handed out the stream.
  caught& connect(tcp::socket& client) {
    auto count = streams.size();
    client.connect(address());
    until([&] { return streams.size() > count; });
    return *streams.back();
  }

  /// Runs `work` beside the context and returns what it does.
  template <class Work>
  auto beside(Work work) {
    auto answer = std::async(std::launch::async, std::move(work));
    until([&] { return answer.wait_for(0s) == std::future_status::ready; });
    return answer.get();
  }
};

/// A client's side, with calls that wait.
struct plain_client {
  boost::asio::io_context context;
  tcp::socket socket{context};

  void write(const std::string& text) {
    boost::asio::write(socket, boost::asio::buffer(text));
  }

  std::string read(std::size_t bytes) {
    auto out = std::string(bytes, '\0');
    boost::asio::read(socket, boost::asio::buffer(out));
    return out;
  }

  /// Returns what comes until the other end closes or breaks off.
  std::string read_all() {
    auto out = std::string{};
    auto why = error_code{};
    boost::asio::read(socket, boost::asio::dynamic_buffer(out), why);
    return out;
  }
};

} // namespace troupe::test
