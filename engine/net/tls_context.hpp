#pragma once

#include "engine/base/result.hpp"

#include <array>
#include <filesystem>
#include <memory>

struct ssl_ctx_st; // OpenSSL's SSL_CTX

namespace troupe {

/// What is asked of the client's certificate.
enum class tls_verify : std::uint8_t {
  none,    // nothing
  peer,    // it may show one; a bad one is refused
  require, // it has to show a good one
};

enum class tls_role : std::uint8_t {
  server,
  client, // has to be shown a good certificate; names are its owner's to check
};

/// The files of one end of TLS, all PEM.
struct tls_options {
  std::filesystem::path cert; // the certificate, then the chain above it
  std::filesystem::path key;  // without a pass phrase
  std::filesystem::path ca;   // who signs the other end's; a server's may be
                              // empty
  tls_verify verify = tls_verify::none; // a server's
  tls_role role = tls_role::server;
};

/// One end's certificate and rules, read once and not changed afterwards.
/// Connections share it: it is gone when the last one is. TLS 1.2 and later.
class tls_context {
public:
  /// Reads the files. Fails with `bad_config`, naming the file and the cure.
  static result<std::shared_ptr<const tls_context>>
  load(const tls_options& options);

  ~tls_context();
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  /// Returns OpenSSL's own object, good as long as this one.
  ssl_ctx_st* native() const { return native_; }

  using print = std::array<unsigned char, 32>;

  tls_role role() const { return role_; }

  /// Returns what changes when a file's content does.
  const print& file_print() const { return file_print_; }

private:
  tls_context() = default;

  ssl_ctx_st* native_ = nullptr;
  tls_role role_ = tls_role::server;
  print file_print_{};
};

/// Returns the SHA-256 over the files' content; one that cannot be read counts
/// as empty.
tls_context::print print_files(const tls_options& options);

} // namespace troupe
