#include "engine/net/byte_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace troupe {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
namespace asio_error = boost::asio::error;

// One a thread, not one a connection: a stream reads when there is something
// to read, and hands out a copy of just that size.
using read_buffer = std::array<char, 256 * 1024>;

read_buffer& this_threads_buffer() {
  thread_local const auto buffer = std::make_unique<read_buffer>();
  return *buffer;
}

endpoint to_endpoint(const tcp::endpoint& from) {
  auto address = from.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = boost::asio::ip::make_address_v4(
      boost::asio::ip::v4_mapped, address.to_v6());
  return {address.to_string(), from.port()};
}

bool is_loopback(const endpoint& at) {
  return boost::asio::ip::make_address(at.host).is_loopback();
}

// Finds a peer that vanished without a word within two minutes, where the
// protocol above sends no heartbeats.
void keep_alive(int socket) {
  constexpr auto settings = std::array<std::array<int, 2>, 3>{
    {{TCP_KEEPIDLE, 60}, {TCP_KEEPINTVL, 15}, {TCP_KEEPCNT, 4}}};
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  for (const auto& [name, seconds] : settings)
    ::setsockopt(socket, IPPROTO_TCP, name, &seconds, sizeof seconds);
}

error_code prepare(tcp::socket& socket) {
  auto why = error_code{};
  socket.non_blocking(true, why);
  if (why) return why;
  keep_alive(socket.native_handle());
  return socket.set_option(tcp::no_delay{true}, why);
}

result<peer> ends_of(const tcp::socket& socket) {
  auto why = error_code{};
  auto remote = socket.remote_endpoint(why);
  auto local = why ? tcp::endpoint{} : socket.local_endpoint(why);
  if (why)
    return error{
      errc::refused, "the other end closed at once: " + why.message()};
  auto out = peer{to_endpoint(remote), to_endpoint(local), false, {}};
  out.is_loopback = is_loopback(out.remote);
  return out;
}

result<std::unique_ptr<transport>>
make_transport(int socket, std::shared_ptr<const tls_context> tls) {
  if (tls) return make_tls_transport(socket, std::move(tls));
  return make_plain_transport(socket);
}

} // namespace

// -- being made
// ----------------------------------------------------------------

result<std::shared_ptr<byte_stream>>
byte_stream::make(socket connected, std::shared_ptr<const tls_context> tls) {
  if (auto why = prepare(connected))
    return error{
      errc::refused, "the connection cannot be used: " + why.message()};
  auto ends = ends_of(connected);
  if (!ends) return ends.error();
  auto over = make_transport(connected.native_handle(), std::move(tls));
  if (!over) return over.error();
  auto out = std::shared_ptr<byte_stream>{
    new byte_stream{std::move(connected), std::move(*over)}};
  out->peer_ = std::move(*ends);
  return out;
}

byte_stream::byte_stream(socket connected, std::unique_ptr<transport> over)
  : socket_{std::move(connected)}, over_{std::move(over)} {}

byte_stream::~byte_stream() = default;

void byte_stream::keep_while_open(std::shared_ptr<void> guest) {
  guest_ = std::move(guest);
}

// -- from any thread
// -------------------------------------------------------------

void byte_stream::handshake(
  std::chrono::milliseconds limit, std::function<void(error_code why)> done) {
  boost::asio::post(
    executor(),
    [self = shared_from_this(), limit, done = std::move(done)]() mutable {
      self->on_agreed_ = std::move(done);
      if (self->is_closed_) return self->close(asio_error::operation_aborted);
      self->within(limit, &byte_stream::on_handshake_late);
      self->agree();
    });
}

void byte_stream::start(stream_events events) {
  boost::asio::post(
    executor(),
    [self = shared_from_this(), events = std::move(events)]() mutable {
      self->events_ = std::move(events);
      self->begin();
    });
}

void byte_stream::pause_reading() { is_paused_ = true; }

void byte_stream::resume_reading() {
  if (is_paused_.exchange(false)) post(&byte_stream::read_on);
}

void byte_stream::write(std::string bytes) {
  if (bytes.empty()) return;
  auto lock = std::scoped_lock{mutex_};
  if (!takes_bytes_) return;
  unwritten_ += bytes.size();
  pending_.add(std::move(bytes));
  if (!std::exchange(is_flush_posted_, true)) post(&byte_stream::flush);
}

void byte_stream::close_after_writing(std::chrono::milliseconds grace) {
  {
    auto lock = std::scoped_lock{mutex_};
    takes_bytes_ = false;
  }
  boost::asio::post(executor(), [self = shared_from_this(), grace] {
    self->close_softly(grace);
  });
}

void byte_stream::abort() {
  is_aborted_ = true;
  post(&byte_stream::on_abort);
}

// -- waiting -----------------------------------------------------------------

void byte_stream::post(void (byte_stream::*then)()) {
  boost::asio::post(
    executor(), [self = shared_from_this(), then] { (self.get()->*then)(); });
}

void byte_stream::wait(io_next what, void (byte_stream::*then)()) {
  if (what == io_next::more || what == io_next::done) return post(then);
  auto is_write = what == io_next::wait_write;
  socket_.async_wait(
    is_write ? socket::wait_write : socket::wait_read,
    [self = shared_from_this(), then](error_code why) {
      if (self->is_closed_) return;
      if (why) return self->close(why);
      (self.get()->*then)();
    });
}

void byte_stream::within(
  std::chrono::milliseconds limit, void (byte_stream::*then)()) {
  if (!timer_) timer_.emplace(executor());
  timer_->expires_after(limit);
  timer_->async_wait([self = shared_from_this(), then](error_code why) {
    if (!why && !self->is_closed_) (self.get()->*then)();
  });
}

// -- agreeing ----------------------------------------------------------------

void byte_stream::agree() {
  if (is_closed_) return;
  auto done = over_->handshake();
  if (done.next == io_next::closed) return close(done.why);
  if (done.next != io_next::done) return wait(done.next, &byte_stream::agree);
  timer_.reset();
  peer_.tls = over_->session();
  std::exchange(on_agreed_, nullptr)({});
}

void byte_stream::on_handshake_late() {
  if (on_agreed_) close(asio_error::timed_out);
}

void byte_stream::begin() {
  if (is_closed_) return close(asio_error::operation_aborted);
  is_started_ = true;
  read_on();
  flush();
}

// -- reading -----------------------------------------------------------------

// What TLS has read already no wait would tell of, hence `has_more_`.
void byte_stream::read_on() {
  if (!is_started_ || is_closed_ || is_read_due_ || !may_read()) return;
  is_read_due_ = true;
  auto what = has_more_ ? io_next::more : io_next::wait_read;
  wait(what, &byte_stream::on_readable);
}

void byte_stream::on_readable() {
  is_read_due_ = false;
  has_more_ = true;
  if (is_closed_ || !may_read()) return;
  auto& buffer = this_threads_buffer();
  auto got = over_->read(buffer);
  if (got.bytes > 0) hand_out({buffer.data(), got.bytes});
  if (got.next == io_next::closed) return on_read_end(got.why);
  has_more_ = got.next == io_next::more;
  if (got.next != io_next::wait_write) return read_on();
  is_read_due_ = true;
  wait(got.next, &byte_stream::on_readable);
}

void byte_stream::hand_out(std::string_view bytes) {
  if (!is_closing_ && !is_aborted_) events_.on_bytes(std::string{bytes});
}

void byte_stream::on_read_end(error_code why) {
  if (!is_closing_) return close(why);
  has_peer_finished_ = true;
  if (is_finished_) return close({});
  if (why != asio_error::eof) close(why);
}

// -- writing -----------------------------------------------------------------

void byte_stream::flush() {
  if (!is_started_ || is_closed_) return;
  {
    auto lock = std::scoped_lock{mutex_};
    is_flush_posted_ = false;
    going_.take(pending_);
  }
  if (!is_write_due_) write_some();
}

void byte_stream::write_some() {
  is_write_due_ = false;
  if (is_closed_) return;
  if (going_.is_empty()) return on_all_written();
  auto done = over_->write(going_.front());
  going_.drop(done.bytes);
  unwritten_ -= done.bytes;
  if (done.next == io_next::closed) return close(done.why);
  if (done.bytes > 0 && events_.on_written) events_.on_written(done.bytes);
  if (going_.is_empty()) return on_all_written();
  is_write_due_ = true;
  wait(done.next, &byte_stream::write_some);
}

void byte_stream::on_all_written() {
  if (!is_closing_ || is_finished_) return;
  is_finished_ = true;
  over_->finish();
  if (has_peer_finished_) close({});
}

// -- closing -----------------------------------------------------------------

void byte_stream::close_softly(std::chrono::milliseconds grace) {
  if (is_closed_ || is_closing_) return;
  is_closing_ = true;
  is_started_ = true;
  within(grace, &byte_stream::on_grace_over);
  // A peer that only writes would never read what is written to it.
  read_on();
  flush();
}

void byte_stream::on_grace_over() {
  close(is_finished_ ? error_code{} : asio_error::timed_out);
}

void byte_stream::on_abort() { close(asio_error::operation_aborted); }

void byte_stream::forget_unwritten() {
  auto lock = std::scoped_lock{mutex_};
  takes_bytes_ = false;
  pending_.clear();
  going_.clear();
  unwritten_ = 0;
}

// Whoever comes late with something to call gets it called by a second round.
void byte_stream::close(error_code why) {
  if (!std::exchange(is_closed_, true)) {
    forget_unwritten();
    timer_.reset();
    over_.reset();
    auto ignored = error_code{};
    socket_.close(ignored);
    guest_.reset();
  }
  auto on_agreed = std::exchange(on_agreed_, nullptr);
  auto on_closed = std::exchange(events_, {}).on_closed;
  if (on_agreed) on_agreed(why);
  if (on_closed) on_closed(why);
}

} // namespace troupe
