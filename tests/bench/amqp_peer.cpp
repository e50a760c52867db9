#include "tests/bench/amqp_peer.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::bench::amqp {

namespace {

constexpr int patience = 20'000; // ms for an answer

/// Returns the broker's words of a close, or the number of what came.
std::string words(const frame& x) {
  if (x.name != method::close && x.name != method::channel_close)
    return "method " + std::to_string(static_cast<std::uint32_t>(x.name));
  auto size = number(x.payload.substr(2), 1);
  return std::string{x.payload.substr(3, size)};
}

} // namespace

peer::peer(int socket) : socket_(socket) {
  auto yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

peer::~peer() { ::close(socket_); }

bool peer::flush() {
  constexpr std::size_t much = 1 << 20; // bytes that are worth a move
  if (sent_ > much) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  while (sent_ < out_.size()) {
    auto gone = ::send(
      socket_, out_.data() + sent_, out_.size() - sent_,
      MSG_NOSIGNAL | MSG_DONTWAIT);
    if (gone < 0) return errno == EAGAIN || errno == EINTR;
    sent_ += static_cast<std::size_t>(gone);
  }
  out_.clear();
  sent_ = 0;
  return true;
}

frame peer::await(method name) {
  while (true) {
    if (auto x = next()) {
      if (x->kind != kind::method) continue;
      if (x->name == name) return *x;
      throw std::runtime_error{"the broker says " + words(*x)};
    }
    if (!flush()) throw std::runtime_error{"the broker hung up"};
    auto events = static_cast<short>(unsent() > 0 ? POLLIN | POLLOUT : POLLIN);
    auto wanted = pollfd{socket_, events, 0};
    if (::poll(&wanted, 1, patience) == 0)
      throw std::runtime_error{"the broker does not answer"};
    if ((wanted.revents & ~POLLOUT) != 0 && !fill())
      throw std::runtime_error{"the broker hung up"};
  }
}

int connect_to(std::uint16_t port) {
  auto x = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = sockaddr_in{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto there = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(x, there, sizeof address) == 0) return x;
  ::close(x);
  throw std::runtime_error{
    "nobody listens on port " + std::to_string(port) + "; start a broker"};
}

void shake_hands(peer& x) {
  using namespace std::string_view_literals;
  x.out().append(protocol_header);
  x.await(method::start);
  outgoing_method(x.out(), method::start_ok, 0)
    .long_text("")
    .short_text("PLAIN")
    .long_text("\0guest\0guest"sv)
    .short_text("en_US");
  x.await(method::tune);
  outgoing_method(x.out(), method::tune_ok, 0)
    .number(2047, 2)
    .number(131072, 4)
    .number(0, 2); // no heartbeats: the load speaks all the time
  outgoing_method(x.out(), method::open, 0).short_text("/").number(0, 2);
  x.await(method::open_ok);
  outgoing_method(x.out(), method::channel_open).number(0, 1);
  x.await(method::channel_open_ok);
}

} // namespace troupe::bench::amqp
