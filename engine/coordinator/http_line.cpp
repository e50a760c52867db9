#include "engine/coordinator/http_line.hpp"

#include "engine/coordinator/awaited.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <array>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <utility>

namespace troupe {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using plain_stream = beast::tcp_stream;
using tls_stream = beast::ssl_stream<beast::tcp_stream>;

// Failures come as values.
error failed(const std::string& what, const error_code& why) {
  return {errc::refused, what + ": " + why.message()};
}

// Finds within seconds that the other end's machine is gone.
void keep_alive(tcp::socket& socket) {
  constexpr auto settings = std::array<std::array<int, 2>, 3>{
    {{TCP_KEEPIDLE, 2}, {TCP_KEEPINTVL, 1}, {TCP_KEEPCNT, 3}}};
  const int yes = 1;
  auto file = socket.native_handle();
  ::setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  for (const auto& [name, seconds] : settings)
    ::setsockopt(file, IPPROTO_TCP, name, &seconds, sizeof seconds);
  auto ignored = error_code{};
  socket.set_option(tcp::no_delay{true}, ignored);
}

http::request<http::string_body>
to_beast(http_request what, const std::string& host) {
  auto verb = what.body.empty() ? http::verb::get : http::verb::post;
  auto out = http::request<http::string_body>{verb, what.path, 11};
  out.set(http::field::host, host);
  out.set(http::field::content_type, "application/json");
  // etcd then ends a watch when it has lost sight of a leader, rather than
  // keeping silent.
  out.set("Grpc-Metadata-hasleader", "true");
  out.body() = std::move(what.body);
  out.prepare_payload();
  return out;
}

/// Cuts what a stream brings into lines.
class line_cutter {
public:
  void add(std::string_view bytes) { held_.append(bytes); }

  std::optional<std::string> take() {
    auto end = held_.find('\n', searched_);
    searched_ = held_.size();
    if (end == std::string::npos) return {};
    auto line = held_.substr(0, end);
    held_.erase(0, end + 1);
    searched_ = 0;
    return line;
  }

  std::size_t size() const { return held_.size(); }

private:
  std::string held_;
  std::size_t searched_ = 0;
};

} // namespace

class client_tls {
public:
  asio::ssl::context rules{asio::ssl::context::tls_client};
};

namespace {

template <class Stream>
class line_over final : public http_line {
public:
  line_over(asio::any_io_executor where, std::shared_ptr<client_tls> tls)
    : executor_{std::move(where)}, tls_{std::move(tls)} {}

  asio::awaitable<result<void>> open(endpoint to, deadline until) override {
    forget();
    to_ = to;
    host_ = to_string(to);
    auto found = co_await find(to);
    if (!found) co_return found.error();
    make_stream(to.host);
    lowest().expires_at(until);
    auto [why, at] = co_await lowest().async_connect(*found, awaited);
    if (why) co_return close("cannot connect to " + host_, why);
    keep_alive(lowest().socket());
    co_return co_await agree();
  }

  asio::awaitable<result<http_reply>>
  ask(http_request what, deadline until) override {
    auto sent = co_await send(std::move(what), until);
    if (!sent) co_return sent.error();
    auto parser = http::response_parser<http::string_body>{};
    parser.body_limit(most_bytes);
    auto [why, bytes] =
      co_await http::async_read(*stream_, buffer_, parser, awaited);
    if (why) co_return close("no answer from " + host_, why);
    if (!parser.keep_alive()) drop();
    auto reply = parser.release();
    co_return http_reply{reply.result_int(), std::move(reply.body())};
  }

  asio::awaitable<result<unsigned>>
  begin(http_request what, deadline until) override {
    auto sent = co_await send(std::move(what), until);
    if (!sent) co_return sent.error();
    parser_.emplace();
    parser_->body_limit(boost::none);
    auto [why, bytes] =
      co_await http::async_read_header(*stream_, buffer_, *parser_, awaited);
    if (why) co_return close("no answer from " + host_, why);
    co_return parser_->get().result_int();
  }

  asio::awaitable<result<std::string>> next_line(deadline until) override {
    for (;;) {
      if (auto line = lines_.take()) co_return std::move(*line);
      if (lines_.size() > most_bytes) co_return too_long();
      if (!is_open_ || !parser_ || parser_->is_done())
        co_return close("the stream of " + host_, asio::error::eof);
      if (auto why = co_await read_piece(until))
        co_return close("no more from " + host_, why);
    }
  }

  bool is_good() override {
    if (!is_open_) return false;
    auto byte = char{};
    auto file = lowest().socket().native_handle();
    auto seen = ::recv(file, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    // Neither its end nor anything that nobody asked for.
    return seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  void drop() override {
    is_open_ = false;
    if (stream_) lowest().close();
  }

  const endpoint& where() const override { return to_; }

private:
  void forget() {
    drop();
    buffer_.clear();
    parser_.reset();
    lines_ = {};
  }

  // A name is looked up without a deadline of its own; who waits for a request
  // has one.
  asio::awaitable<result<std::vector<tcp::endpoint>>> find(const endpoint& to) {
    auto why = error_code{};
    auto address = asio::ip::make_address(to.host, why);
    if (!why) co_return std::vector<tcp::endpoint>{{address, to.port}};
    auto resolver = tcp::resolver{executor_};
    auto [failure, found] = co_await resolver.async_resolve(
      to.host, std::to_string(to.port), awaited);
    if (failure) co_return failed("cannot find " + to.host, failure);
    auto out = std::vector<tcp::endpoint>{};
    for (const auto& x : found) out.push_back(x.endpoint());
    co_return out;
  }

  void make_stream(const std::string& host) {
    if constexpr (std::is_same_v<Stream, plain_stream>) {
      stream_.emplace(executor_);
    } else {
      stream_.emplace(plain_stream{executor_}, tls_->rules);
      auto ignored = error_code{};
      stream_->set_verify_callback(
        asio::ssl::host_name_verification{host}, ignored);
    }
    is_open_ = true;
  }

  asio::awaitable<result<void>> agree() {
    if constexpr (!std::is_same_v<Stream, plain_stream>) {
      auto [why] = co_await stream_->async_handshake(
        asio::ssl::stream_base::client, awaited);
      if (why) co_return close("no TLS with " + host_, why);
    }
    co_return result<void>{};
  }

  asio::awaitable<result<void>> send(http_request what, deadline until) {
    if (!is_open_) co_return failed(host_, asio::error::not_connected);
    lowest().expires_at(until);
    auto request = to_beast(std::move(what), host_);
    auto [why, bytes] = co_await http::async_write(*stream_, request, awaited);
    if (why) co_return close("cannot write to " + host_, why);
    co_return result<void>{};
  }

  asio::awaitable<error_code> read_piece(deadline until) {
    auto piece = std::array<char, 4096>{};
    auto& body = parser_->get().body();
    body.data = piece.data();
    body.size = piece.size();
    lowest().expires_at(until);
    auto [why, bytes] =
      co_await http::async_read_some(*stream_, buffer_, *parser_, awaited);
    if (why && why != http::error::need_buffer) co_return why;
    lines_.add({piece.data(), piece.size() - body.size});
    co_return error_code{};
  }

  plain_stream& lowest() {
    if constexpr (std::is_same_v<Stream, plain_stream>)
      return *stream_;
    else
      return stream_->next_layer();
  }

  error close(const std::string& what, const error_code& why) {
    drop();
    return failed(what, why);
  }

  error too_long() {
    drop();
    return {errc::bad_input, host_ + " sent a line that is too long"};
  }

  asio::any_io_executor executor_;
  std::shared_ptr<client_tls> tls_;
  endpoint to_;
  std::string host_; // `to_` as text
  bool is_open_ = false;
  std::optional<Stream> stream_;
  beast::flat_buffer buffer_{most_bytes + 64 * 1024};
  std::optional<http::response_parser<http::buffer_body>> parser_;
  line_cutter lines_;
};

// -- TLS

error cannot_use(
  const std::filesystem::path& file,
  const error_code& why,
  const std::string& cure) {
  return {
    errc::bad_config, "cannot use '" + file.string()
                        + "' for TLS: " + why.message() + "; " + cure};
}

error use_certificate(
  asio::ssl::context& rules, const client_tls_options& options) {
  if (options.cert.empty() && options.key.empty()) return {};
  auto why = error_code{};
  rules.use_certificate_chain_file(options.cert.string(), why);
  if (why)
    return cannot_use(
      options.cert, why, "`cert` has to be a PEM file with a certificate");
  rules.use_private_key_file(
    options.key.string(), asio::ssl::context::pem, why);
  if (why)
    return cannot_use(
      options.key, why,
      "`key` has to be a PEM file with the certificate's own private key, "
      "without a pass phrase");
  return {};
}

} // namespace

result<std::shared_ptr<client_tls>> load(const client_tls_options& options) {
  auto out = std::make_shared<client_tls>();
  auto why = error_code{};
  out->rules.set_password_callback(
    [](std::size_t, auto) { return std::string{}; }, why);
  out->rules.set_verify_mode(asio::ssl::verify_peer, why);
  out->rules.load_verify_file(options.ca.string(), why);
  if (why)
    return cannot_use(
      options.ca, why,
      "`ca` has to be a PEM file with the certificates that sign the "
      "server's");
  auto fault = use_certificate(out->rules, options);
  if (fault.code != errc::none) return fault;
  return out;
}

std::unique_ptr<http_line>
http_line::make(asio::any_io_executor where, std::shared_ptr<client_tls> tls) {
  if (tls)
    return std::make_unique<line_over<tls_stream>>(
      std::move(where), std::move(tls));
  return std::make_unique<line_over<plain_stream>>(
    std::move(where), std::move(tls));
}

} // namespace troupe
