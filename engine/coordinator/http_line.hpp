#pragma once

#include "engine/base/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace troupe {

/// The files of a TLS client, all PEM. The certificate and its key may be
/// left out where the server asks for none.
struct client_tls_options {
  std::filesystem::path ca; // who signs the server's certificate
  std::filesystem::path cert;
  std::filesystem::path key; // without a pass phrase
  bool operator==(const client_tls_options&) const = default;
};

/// Certificates and rules of a client, read once.
class client_tls;

/// Reads the files. Fails with `bad_config`, naming the file and the cure.
result<std::shared_ptr<client_tls>> load(const client_tls_options& options);

struct http_request {
  std::string path;
  std::string body; // JSON; none: a GET
};

struct http_reply {
  unsigned status = 0;
  std::string body;
};

/// One connection of an HTTP client, plain or TLS, for one request at a time.
/// Everything has a deadline and a bound; after an error the line is closed.
/// One thread uses it, the one that runs its executor. Coroutines under way
/// must have ended before the line is gone.
class http_line {
public:
  using deadline = std::chrono::steady_clock::time_point;

  static std::unique_ptr<http_line>
  make(boost::asio::any_io_executor where, std::shared_ptr<client_tls> tls);

  virtual ~http_line() = default;

  virtual boost::asio::awaitable<result<void>>
  open(endpoint to, deadline until) = 0;

  /// Sends a request and reads its whole answer.
  virtual boost::asio::awaitable<result<http_reply>>
  ask(http_request what, deadline until) = 0;

  /// Sends a request whose answer is a stream of lines, and reads its status.
  virtual boost::asio::awaitable<result<unsigned>>
  begin(http_request what, deadline until) = 0;

  /// Reads the stream's next line.
  virtual boost::asio::awaitable<result<std::string>>
  next_line(deadline until) = 0;

  /// True if it is connected and the other end has not closed.
  virtual bool is_good() = 0;

  /// Closes; who waits gets an error.
  virtual void drop() = 0;

  /// Returns where `open` was last asked to connect to.
  virtual const endpoint& where() const = 0;

  /// The longest answer, and the longest line of a stream.
  static constexpr std::size_t most_bytes = 8 * 1024 * 1024;
};

} // namespace troupe
