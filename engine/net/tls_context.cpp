#include "engine/net/tls_context.hpp"

#include <fstream>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <string>

namespace troupe {

namespace {

std::string last_reason() {
  auto code = ERR_peek_last_error();
  const auto* text = ERR_reason_error_string(code);
  ERR_clear_error();
  return text == nullptr ? "the file cannot be read" : text;
}

error bad_file(const std::filesystem::path& file, const std::string& cure) {
  return {
    errc::bad_config, "cannot use '" + file.string()
                        + "' for TLS: " + last_reason() + "; " + cure};
}

int verify_flags(tls_verify verify) {
  switch (verify) {
    case tls_verify::none: return SSL_VERIFY_NONE;
    case tls_verify::peer: return SSL_VERIFY_PEER;
    case tls_verify::require:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_NONE;
}

// An idle connection keeps no buffers; what was refused may come again from
// another address in memory; old rounds are not to be asked for.
void set_modes(SSL_CTX* context) {
  SSL_CTX_set_mode(
    context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
               | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Clients of AMQP often close without a word. AMQP's frames say where a
  // message ends, so that nothing is taken for whole that is not.
  SSL_CTX_set_options(
    context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
               | SSL_OP_IGNORE_UNEXPECTED_EOF
               | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

// A key with a pass phrase would ask on the terminal.
int no_pass_phrase(char*, int, int, void*) { return 0; }

error use_certificate(SSL_CTX* context, const tls_options& options) {
  auto cert = options.cert.string();
  auto key = options.key.string();
  SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
  if (SSL_CTX_use_certificate_chain_file(context, cert.c_str()) != 1)
    return bad_file(cert, "`cert` has to be a PEM file with a certificate");
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return bad_file(
      key, "`key` has to be a PEM file with the certificate's own private "
           "key, without a pass phrase");
  return {};
}

/// How the other end's certificate is checked.
error use_rules(SSL_CTX* context, const tls_options& options) {
  auto is_client = options.role == tls_role::client;
  auto verify = is_client ? tls_verify::require : options.verify;
  SSL_CTX_set_verify(context, verify_flags(verify), nullptr);
  if (verify == tls_verify::none) return {};
  if (options.ca.empty())
    return {
      errc::bad_config, "the other end's certificates are to be checked, but "
                        "nothing says against what; set `ca` to a PEM file"};
  auto ca = options.ca.string();
  auto* names = SSL_load_client_CA_file(ca.c_str());
  if (
    names == nullptr
    || SSL_CTX_load_verify_locations(context, ca.c_str(), nullptr) != 1) {
    auto fault = bad_file(
      ca, "`ca` has to be a PEM file with the certificates that "
          "sign those of the other end");
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return fault;
  }
  SSL_CTX_set_client_CA_list(context, names);
  return {};
}

// Sessions are only taken up again by a server with the same rules.
void set_session_name(SSL_CTX* context) {
  static constexpr unsigned char name[] = "troupe";
  SSL_CTX_set_session_id_context(context, name, sizeof name - 1);
}

void add_file(EVP_MD_CTX* digest, const std::filesystem::path& path) {
  auto file = std::ifstream{path, std::ios::binary};
  auto part = std::array<char, 4096>{};
  auto total = std::uint64_t{0};
  while (file.read(part.data(), part.size()) || file.gcount() > 0) {
    auto size = static_cast<std::size_t>(file.gcount());
    EVP_DigestUpdate(digest, part.data(), size);
    total += size;
  }
  // Without the length, bytes could move from one file to the next unseen.
  EVP_DigestUpdate(digest, &total, sizeof total);
}

} // namespace

result<std::shared_ptr<const tls_context>>
tls_context::load(const tls_options& options) {
  ERR_clear_error();
  auto out = std::shared_ptr<tls_context>{new tls_context};
  out->file_print_ = print_files(options);
  out->role_ = options.role;
  auto is_client = options.role == tls_role::client;
  out->native_ =
    SSL_CTX_new(is_client ? TLS_client_method() : TLS_server_method());
  if (out->native_ == nullptr)
    return error{errc::cannot_create, "cannot set up TLS: " + last_reason()};
  set_modes(out->native_);
  set_session_name(out->native_);
  if (auto fault = use_certificate(out->native_, options);
      fault.code != errc::none)
    return fault;
  if (auto fault = use_rules(out->native_, options); fault.code != errc::none)
    return fault;
  return std::shared_ptr<const tls_context>{std::move(out)};
}

tls_context::~tls_context() { SSL_CTX_free(native_); }

tls_context::print print_files(const tls_options& options) {
  auto out = tls_context::print{};
  auto digest = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>{
    EVP_MD_CTX_new(), EVP_MD_CTX_free};
  if (!digest || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1)
    return out;
  for (const auto& file : {options.cert, options.key, options.ca})
    add_file(digest.get(), file);
  EVP_DigestFinal_ex(digest.get(), out.data(), nullptr);
  return out;
}

} // namespace troupe
