#include "engine/net/transport.hpp"

#include <boost/asio/error.hpp>

#include <cerrno>
#include <sys/socket.h>

namespace troupe {

namespace {

io_result refused(io_next when_busy) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {0, when_busy, {}};
  if (errno == EINTR) return {0, io_next::more, {}};
  return {0, io_next::closed, {errno, boost::system::system_category()}};
}

std::size_t total(std::span<const iovec> pieces) {
  auto sum = std::size_t{0};
  for (const auto& piece : pieces) sum += piece.iov_len;
  return sum;
}

class plain_transport final : public transport {
public:
  explicit plain_transport(int socket) : socket_{socket} {}

  io_result handshake() override { return {}; }

  io_result read(std::span<char> into) override {
    auto got = ::recv(socket_, into.data(), into.size(), 0);
    if (got < 0) return refused(io_next::wait_read);
    if (got == 0) return {0, io_next::closed, boost::asio::error::eof};
    auto bytes = static_cast<std::size_t>(got);
    // A read that filled the buffer may have left something.
    auto is_full = bytes == into.size();
    return {bytes, is_full ? io_next::more : io_next::wait_read, {}};
  }

  io_result write(std::span<const iovec> pieces) override {
    auto message = msghdr{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    auto sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent < 0) return refused(io_next::wait_write);
    auto bytes = static_cast<std::size_t>(sent);
    auto is_all = bytes == total(pieces);
    return {bytes, is_all ? io_next::done : io_next::wait_write, {}};
  }

  void finish() override { ::shutdown(socket_, SHUT_WR); }

  std::optional<tls_session> session() const override { return {}; }

private:
  int socket_;
};

} // namespace

std::unique_ptr<transport> make_plain_transport(int socket) {
  return std::make_unique<plain_transport>(socket);
}

} // namespace troupe
