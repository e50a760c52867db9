#include "engine/net/socket_bio.hpp"
#include "engine/net/transport.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

namespace troupe {

namespace {

struct ssl_free {
  void operator()(SSL* x) const { SSL_free(x); }
};
using ssl_ptr = std::unique_ptr<SSL, ssl_free>;

struct certificate_free {
  void operator()(X509* x) const { X509_free(x); }
};
using certificate_ptr = std::unique_ptr<X509, certificate_free>;

boost::system::error_code last_system_error() {
  if (errno == 0) return boost::asio::error::eof;
  return {errno, boost::system::system_category()};
}

boost::system::error_code last_tls_error() {
  auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return last_system_error();
  return {static_cast<int>(code), boost::asio::error::get_ssl_category()};
}

std::string subject_of(const X509* certificate) {
  auto* bio = BIO_new(BIO_s_mem());
  if (bio == nullptr) return {};
  constexpr auto flags = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;
  X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, flags);
  char* text = nullptr;
  auto size = BIO_get_mem_data(bio, &text);
  auto out = std::string{text, static_cast<std::size_t>(size)};
  BIO_free(bio);
  return out;
}

// Returns nothing of a name with a zero in it, which would read as another.
std::string common_name_of(const X509* certificate) {
  auto* name = X509_get_subject_name(certificate);
  auto index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return {};
  unsigned char* text = nullptr;
  auto size = ASN1_STRING_to_UTF8(
    &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  if (size < 0) return {};
  auto out =
    std::string{reinterpret_cast<char*>(text), static_cast<std::size_t>(size)};
  OPENSSL_free(text);
  return out.find('\0') == std::string::npos ? out : std::string{};
}

class tls_transport final : public transport {
public:
  tls_transport(
    int socket, ssl_ptr ssl, std::shared_ptr<const tls_context> context)
    : socket_{socket}, context_{std::move(context)}, ssl_{std::move(ssl)} {}

  io_result handshake() override {
    prepare();
    auto answer = SSL_do_handshake(ssl_.get());
    return answer == 1 ? io_result{} : refused(answer);
  }

  // One record holds at most 16 KiB: several are read into one chunk.
  io_result read(std::span<char> into) override {
    auto done = io_result{0, io_next::more, {}};
    while (done.bytes < into.size()) {
      prepare();
      auto left = into.size() - done.bytes;
      auto answer = SSL_read(
        ssl_.get(), into.data() + done.bytes,
        static_cast<int>(std::min<std::size_t>(left, INT_MAX)));
      if (answer <= 0) return with(refused(answer), done.bytes);
      done.bytes += static_cast<std::size_t>(answer);
    }
    return done;
  }

  io_result write(std::span<const iovec> pieces) override {
    auto sum = std::size_t{0};
    for (const auto& piece : pieces) {
      auto done = write_piece(piece);
      sum += done.bytes;
      if (done.next != io_next::done) return with(done, sum);
    }
    return {sum, io_next::done, {}};
  }

  void finish() override {
    prepare();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    ::shutdown(socket_, SHUT_WR);
  }

  std::optional<tls_session> session() const override {
    auto out = tls_session{};
    out.protocol = SSL_get_version(ssl_.get());
    out.cipher = SSL_get_cipher_name(ssl_.get());
    auto shown = certificate_ptr{SSL_get1_peer_certificate(ssl_.get())};
    if (!shown || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return out;
    out.subject = subject_of(shown.get());
    out.common_name = common_name_of(shown.get());
    return out;
  }

private:
  // OpenSSL keeps its errors by thread: others' would be taken for ours.
  static void prepare() {
    ERR_clear_error();
    errno = 0;
  }

  static io_result with(io_result done, std::size_t bytes) {
    done.bytes = bytes;
    return done;
  }

  io_result write_piece(const iovec& piece) {
    auto sum = std::size_t{0};
    while (sum < piece.iov_len) {
      prepare();
      auto left = piece.iov_len - sum;
      auto answer = SSL_write(
        ssl_.get(), static_cast<const char*>(piece.iov_base) + sum,
        static_cast<int>(std::min<std::size_t>(left, INT_MAX)));
      if (answer <= 0) return with(refused(answer), sum);
      sum += static_cast<std::size_t>(answer);
    }
    return {sum, io_next::done, {}};
  }

  io_result refused(int answer) {
    auto closed = [](auto why) { return io_result{0, io_next::closed, why}; };
    switch (SSL_get_error(ssl_.get(), answer)) {
      case SSL_ERROR_WANT_READ: return {0, io_next::wait_read, {}};
      case SSL_ERROR_WANT_WRITE: return {0, io_next::wait_write, {}};
      case SSL_ERROR_ZERO_RETURN: return closed(eof());
      case SSL_ERROR_SYSCALL: return closed(last_system_error());
      default: return closed(last_tls_error());
    }
  }

  static boost::system::error_code eof() { return boost::asio::error::eof; }

  int socket_;
  std::shared_ptr<const tls_context> context_; // outlives ssl_
  ssl_ptr ssl_;
};

} // namespace

result<std::unique_ptr<transport>>
make_tls_transport(int socket, std::shared_ptr<const tls_context> context) {
  auto ssl = ssl_ptr{SSL_new(context->native())};
  auto* bio = ssl ? make_socket_bio(socket) : nullptr;
  if (bio == nullptr)
    return error{
      errc::cannot_create, "no memory for one more TLS connection; lower "
                           "max_connections or give the node more memory"};
  SSL_set_bio(ssl.get(), bio, bio);
  if (context->role() == tls_role::client)
    SSL_set_connect_state(ssl.get());
  else
    SSL_set_accept_state(ssl.get());
  return std::unique_ptr<transport>{
    new tls_transport{socket, std::move(ssl), std::move(context)}};
}

} // namespace troupe
