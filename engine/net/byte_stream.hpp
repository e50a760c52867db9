#pragma once

#include "engine/net/outgoing.hpp"
#include "engine/net/peer.hpp"
#include "engine/net/transport.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace troupe {

/// What a stream tells its owner, on the thread that runs its context, one
/// call at a time. After `on_closed`, which comes once, the stream lets go of
/// all three, so that they may hold the stream itself; then it has to be closed
/// before its context is gone.
struct stream_events {
  std::function<void(std::string chunk)> on_bytes;
  /// `operation_aborted` after `abort`, no error after `close_after_writing`,
  /// `timed_out` if its grace was too short, `eof` when the other end closed.
  std::function<void(boost::system::error_code why)> on_closed;
  /// Bytes the system has taken since the last call. May be left out.
  std::function<void(std::size_t bytes)> on_written;
};

/// One connected TCP socket, plain or TLS. Its context is run by one thread;
/// every method may be called from any thread. While it has nothing to read it
/// holds no buffer.
class byte_stream : public std::enable_shared_from_this<byte_stream> {
public:
  using socket = boost::asio::ip::tcp::socket;

  /// Takes a connected socket. Without `tls` bytes go as they are.
  static result<std::shared_ptr<byte_stream>>
  make(socket connected, std::shared_ptr<const tls_context> tls = nullptr);

  ~byte_stream();

  /// Agrees on TLS, at most for `limit`, then calls `done`; at once without
  /// TLS. After an error the stream is closed. To be called before `start`.
  void handshake(
    std::chrono::milliseconds limit,
    std::function<void(boost::system::error_code why)> done);

  /// Starts reading. To be called once.
  void start(stream_events events);

  /// Stops reading after the chunk that is being read. Nobody notices that
  /// the other end closes then, other than by writing.
  void pause_reading();
  void resume_reading();

  /// Queues bytes; what is queued goes out together. Never waits: whoever
  /// writes watches `unwritten` or `on_written`. Dropped once closing.
  void write(std::string bytes);

  /// Returns how many bytes the system has not taken yet.
  std::size_t unwritten() const { return unwritten_; }

  /// Reads on but hands out nothing more, writes what is queued, tells the
  /// other end, and waits for its end, all for at most `grace`.
  void close_after_writing(std::chrono::milliseconds grace);

  /// Closes now; what is unwritten is lost. Nothing is handed out after it
  /// but `on_closed`.
  void abort();

  /// Returns who is at the other end; TLS after the handshake.
  const troupe::peer& peer() const { return peer_; }

  /// Returns where work for this stream's thread can be posted.
  socket::executor_type executor() { return socket_.get_executor(); }

  /// Keeps `guest` until the stream is closed: a seat at the listener.
  void keep_while_open(std::shared_ptr<void> guest);

private:
  using error_code = boost::system::error_code;

  byte_stream(socket connected, std::unique_ptr<transport> over);

  // -- on the context's thread
  void wait(io_next what, void (byte_stream::*then)());
  void within(std::chrono::milliseconds limit, void (byte_stream::*then)());
  void post(void (byte_stream::*then)());
  void agree();
  void on_handshake_late();
  void begin();
  bool may_read() const { return is_closing_ || !is_paused_; }
  void read_on();
  void on_readable();
  void hand_out(std::string_view bytes);
  void on_read_end(error_code why);
  void flush();
  void write_some();
  void on_all_written();
  void close_softly(std::chrono::milliseconds grace);
  void on_grace_over();
  void on_abort();
  void close(error_code why);
  void forget_unwritten();

  socket socket_;
  std::unique_ptr<transport> over_;
  troupe::peer peer_;
  stream_events events_;
  std::function<void(error_code)> on_agreed_;
  std::shared_ptr<void> guest_;
  std::optional<boost::asio::steady_timer> timer_; // made when needed
  outgoing going_;                                 // being written
  bool is_started_ = false;
  bool is_closed_ = false;
  bool is_read_due_ = false;  // a wait or a call that ends in a read
  bool has_more_ = true;      // maybe bytes that no wait would tell of
  bool is_write_due_ = false; // the same for a write
  bool is_closing_ = false;   // close_after_writing was called
  bool is_finished_ = false;  // all is written, the other end was told
  bool has_peer_finished_ = false;

  // -- on any thread
  std::atomic<bool> is_paused_ = false;
  std::atomic<bool> is_aborted_ = false;
  std::atomic<std::size_t> unwritten_ = 0;
  std::mutex mutex_; // guards what follows
  outgoing pending_; // not yet seen by the context's thread
  bool is_flush_posted_ = false;
  bool takes_bytes_ = true;
};

} // namespace troupe
