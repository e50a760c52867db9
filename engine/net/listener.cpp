#include "engine/net/listener.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <utility>

namespace troupe {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

errc code_of(const error_code& why) {
  if (why == boost::asio::error::address_in_use) return errc::in_use;
  if (why == boost::asio::error::access_denied) return errc::cannot_create;
  return errc::bad_config;
}

std::string cure_of(const error_code& why) {
  if (why == boost::asio::error::address_in_use)
    return "stop what listens there or choose another port";
  if (why == boost::asio::error::access_denied)
    return "ports below 1024 need the capability CAP_NET_BIND_SERVICE; choose "
           "a higher port or grant it";
  return "choose an address that this machine has, such as 127.0.0.1";
}

error cannot_listen(const endpoint& at, const error_code& why) {
  return {
    code_of(why), "cannot listen on " + to_string(at) + ": " + why.message()
                    + "; " + cure_of(why)};
}

result<tcp::endpoint>
resolve(boost::asio::io_context& context, const endpoint& at) {
  auto why = error_code{};
  auto resolver = tcp::resolver{context};
  auto found = resolver.resolve(
    at.host, std::to_string(at.port),
    tcp::resolver::passive | tcp::resolver::numeric_service, why);
  if (why || found.empty()) return cannot_listen(at, why);
  return found.begin()->endpoint();
}

// One socket takes IPv4 as well where it listens on every address.
error_code bind(tcp::acceptor& acceptor, const tcp::endpoint& to) {
  auto why = error_code{};
  acceptor.open(to.protocol(), why);
  if (!why) acceptor.set_option(tcp::acceptor::reuse_address{true}, why);
  if (!why && to.address().is_v6())
    acceptor.set_option(boost::asio::ip::v6_only{false}, why);
  if (!why) acceptor.bind(to, why);
  if (!why) acceptor.listen(tcp::acceptor::max_listen_connections, why);
  return why;
}

} // namespace

result<std::shared_ptr<listener>>
listener::open(boost::asio::io_context& context, listener_options options) {
  auto out =
    std::shared_ptr<listener>{new listener{context, std::move(options)}};
  if (out->options_.tls) {
    auto made = tls_context::load(*out->options_.tls);
    if (!made) return made.error();
    out->tls_ = std::move(*made);
  }
  if (auto fault = out->listen(); fault.code != errc::none) return fault;
  return out;
}

listener::listener(boost::asio::io_context& context, listener_options options)
  : context_{context},
    options_{std::move(options)},
    acceptor_{context},
    timer_{context} {}

error listener::listen() {
  auto to = resolve(context_, options_.at);
  if (!to) return to.error();
  if (auto why = bind(acceptor_, *to)) return cannot_listen(options_.at, why);
  auto why = error_code{};
  auto bound = acceptor_.local_endpoint(why);
  if (why) return cannot_listen(options_.at, why);
  bound_ = {bound.address().to_string(), bound.port()};
  return {};
}

void listener::start(listener_events events) {
  boost::asio::post(
    context_,
    [self = shared_from_this(), events = std::move(events)]() mutable {
      self->events_ = std::move(events);
      self->accept();
    });
}

void listener::stop() {
  boost::asio::post(context_, [self = shared_from_this()] {
    self->is_stopped_ = true;
    auto ignored = error_code{};
    self->acceptor_.close(ignored);
    self->timer_.cancel();
  });
}

result<bool> listener::reload() {
  if (!options_.tls) return false;
  if (print_files(*options_.tls) == tls()->file_print()) return false;
  auto made = tls_context::load(*options_.tls);
  if (!made) return made.error();
  auto lock = std::scoped_lock{mutex_};
  tls_ = std::move(*made);
  return true;
}

// -- accepting
// -----------------------------------------------------------------

void listener::accept() {
  if (is_stopped_ || is_accepting_) return;
  auto most = options_.max_connections;
  if (most != 0 && connections_ >= most) return on_full(); // until one leaves
  // Told once, not each time that one leaves and the next takes its seat.
  if (connections_ * 10 < most * 9) is_full_ = false;
  is_accepting_ = true;
  // Holds the context's any_io_executor, so that the socket is a tcp::socket.
  auto executor = tcp::socket::executor_type{next_context().get_executor()};
  acceptor_.async_accept(
    executor, [self = shared_from_this()](error_code why, tcp::socket socket) {
      self->is_accepting_ = false;
      self->on_accepted(why, std::move(socket));
    });
}

void listener::on_accepted(error_code why, tcp::socket socket) {
  if (is_stopped_) return;
  // A client that left while it waited says nothing about the next one. All
  // else would come again at once.
  if (why && why != boost::asio::error::connection_aborted)
    return on_no_room(why);
  if (!why) take(std::move(socket));
  has_room_ = true;
  accept();
}

void listener::on_full() {
  if (!std::exchange(is_full_, true))
    trouble(
      "all " + std::to_string(options_.max_connections) + " connections of "
      + to_string(bound_)
      + " are taken; others wait until one closes; raise max_connections if "
        "there is memory for more");
}

void listener::on_no_room(error_code why) {
  if (std::exchange(has_room_, false))
    trouble(
      "cannot accept connections at " + to_string(bound_) + ": " + why.message()
      + "; trying again; raise the limit of open files (ulimit -n) or lower "
        "max_connections");
  is_accepting_ = true;
  timer_.expires_after(options_.pause);
  timer_.async_wait([self = shared_from_this()](error_code) {
    self->is_accepting_ = false;
    self->accept();
  });
}

void listener::take(tcp::socket socket) {
  auto stream = byte_stream::make(std::move(socket), tls());
  if (!stream) return trouble(stream.error().detail);
  (*stream)->keep_while_open(seat());
  // A stream that held itself would outlive its context.
  (*stream)->handshake(
    options_.handshake_limit,
    [self = shared_from_this(), made = stream->get()](error_code why) {
      self->hand_out(made->shared_from_this(), why);
    });
}

void listener::hand_out(
  const std::shared_ptr<byte_stream>& stream, error_code handshake) const {
  if (!handshake) return events_.on_connection(stream);
  trouble(
    "no TLS with " + to_string(stream->peer().remote) + ": "
    + handshake.message());
}

// -- seats
// -----------------------------------------------------------------------

// The listener may be gone before its last stream is.
std::shared_ptr<void> listener::seat() {
  ++connections_;
  return {nullptr, [weak = weak_from_this()](void*) {
            if (auto self = weak.lock()) self->on_seat_free();
          }};
}

void listener::on_seat_free() {
  --connections_;
  boost::asio::post(context_, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->accept();
  });
}

boost::asio::io_context& listener::next_context() {
  const auto& all = options_.contexts;
  return all.empty() ? context_ : *all[dealt_++ % all.size()];
}

std::shared_ptr<const tls_context> listener::tls() const {
  auto lock = std::scoped_lock{mutex_};
  return tls_;
}

void listener::trouble(const std::string& text) const {
  if (events_.on_trouble) events_.on_trouble(text);
}

} // namespace troupe
