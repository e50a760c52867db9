#pragma once

#include "engine/net/peer.hpp"
#include "engine/net/tls_context.hpp"

#include <boost/system/error_code.hpp>

#include <memory>
#include <optional>
#include <span>
#include <sys/uio.h>

namespace troupe {

/// What to do after a call that moved bytes, or moved none.
enum class io_next : std::uint8_t {
  more,       // call again: there may be more to move
  wait_read,  // call again when the socket can be read
  wait_write, // call again when the socket can be written
  done,       // nothing is left to do
  closed,     // never again; `io_result::why` says why
};

struct io_result {
  std::size_t bytes = 0;
  io_next next = io_next::done;
  boost::system::error_code why; // with `closed` only
};

/// Moves bytes over a socket that does not block: as they are, or through TLS.
/// Waits for nothing, and leaves the socket to its owner, who has to keep it
/// open as long.
class transport {
public:
  virtual ~transport() = default;

  /// Agrees with the other end: `done` once that is over.
  virtual io_result handshake() = 0;

  /// Fills `into` as far as there are bytes; `eof` is `closed`.
  virtual io_result read(std::span<char> into) = 0;

  /// Writes from the front of `pieces`; `done` if all of it went. After
  /// anything else the next call has to start with the bytes that are left.
  virtual io_result write(std::span<const iovec> pieces) = 0;

  /// Tells the other end that nothing more comes.
  virtual void finish() = 0;

  /// Returns what the handshake settled; nothing without TLS.
  virtual std::optional<tls_session> session() const = 0;
};

std::unique_ptr<transport> make_plain_transport(int socket);

/// Fails with `cannot_create` when memory is out.
result<std::unique_ptr<transport>>
make_tls_transport(int socket, std::shared_ptr<const tls_context> context);

} // namespace troupe
