#include "engine/net/dialer.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace troupe {

std::shared_ptr<dialer> dialer::start(
  boost::asio::io_context& context,
  endpoint to,
  std::shared_ptr<const tls_context> tls,
  std::chrono::milliseconds limit,
  answer done) {
  auto made = std::shared_ptr<dialer>{
    new dialer{context, std::move(to), std::move(tls), limit, std::move(done)}};
  boost::asio::post(context, [made] { made->look_up(); });
  return made;
}

dialer::dialer(
  boost::asio::io_context& context,
  endpoint to,
  std::shared_ptr<const tls_context> tls,
  std::chrono::milliseconds limit,
  answer done)
  : context_{context},
    to_{std::move(to)},
    tls_{std::move(tls)},
    until_{std::chrono::steady_clock::now() + limit},
    done_{std::move(done)},
    resolver_{context},
    socket_{context},
    timer_{context} {}

void dialer::stop() {
  boost::asio::post(context_, [self = shared_from_this()] {
    self->done_ = nullptr;
    self->end(error{});
  });
}

std::chrono::milliseconds dialer::left() const {
  using std::chrono::milliseconds;
  auto now = std::chrono::steady_clock::now();
  return std::max(
    milliseconds{1}, std::chrono::duration_cast<milliseconds>(until_ - now));
}

void dialer::look_up() {
  if (!done_) return; // stopped
  timer_.expires_at(until_);
  timer_.async_wait([self = shared_from_this()](error_code why) {
    if (!why) self->fail("no answer in time");
  });
  resolver_.async_resolve(
    to_.host, std::to_string(to_.port), tcp::resolver::numeric_service,
    [self = shared_from_this()](error_code why, const auto& found) {
      if (why)
        self->fail(why.message());
      else
        self->connect(found);
    });
}

void dialer::connect(const tcp::resolver::results_type& found) {
  if (!done_) return;
  boost::asio::async_connect(
    socket_, found, [self = shared_from_this()](error_code why, const auto&) {
      if (why)
        self->fail(why.message());
      else
        self->on_connected();
    });
}

void dialer::on_connected() {
  if (!done_) return;
  auto made = byte_stream::make(std::move(socket_), tls_);
  if (!made) {
    end(made.error());
    return;
  }
  stream_ = *made;
  stream_->handshake(left(), [self = shared_from_this()](error_code failed) {
    if (failed)
      self->fail("TLS: " + failed.message());
    else
      self->end(self->stream_);
  });
}

void dialer::fail(const std::string& why) {
  end(error{errc::refused, "cannot connect to " + to_string(to_) + ": " + why});
}

/// Ends the attempt; who was promised an answer gets it.
void dialer::end(result<std::shared_ptr<byte_stream>> made) {
  auto ignored = error_code{};
  resolver_.cancel();
  socket_.close(ignored);
  timer_.cancel();
  auto stream = std::exchange(stream_, nullptr);
  if (stream && !made) stream->abort();
  if (auto done = std::exchange(done_, nullptr)) done(std::move(made));
}

} // namespace troupe
