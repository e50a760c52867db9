#include "engine/access/password_hash.hpp"

#include "engine/access/as_bytes.hpp"
#include "engine/access/base64.hpp"

#include <charconv>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <optional>

namespace troupe {

namespace {

constexpr std::string_view ours = "pbkdf2-sha256$";
constexpr std::string_view rabbitmqs = "rabbitmq-sha256$";
constexpr std::size_t hash_bytes = 32;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t least_salt_bytes = 8;
constexpr std::size_t most_salt_bytes = 64;
constexpr std::size_t rabbitmq_salt_bytes = 4;

error bad_hash(const std::string& why) {
  return {
    errc::bad_config, "this is no password hash: " + why
                        + "; make one with `troupe hash-password`"};
}

/// Cuts `text` before the next '$' and moves behind it.
std::string_view next_part(std::string_view& text) {
  auto end = std::min(text.find('$'), text.size());
  auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::optional<std::uint32_t> parse_iterations(std::string_view text) {
  auto out = std::uint32_t{0};
  const auto* end = text.data() + text.size();
  auto [stop, fault] = std::from_chars(text.data(), end, out);
  if (fault != std::errc{} || stop != end) return {};
  if (out == 0 || out > most_iterations) return {};
  return out;
}

result<password_hash> parse_ours(std::string_view text) {
  auto iterations = parse_iterations(next_part(text));
  if (!iterations)
    return bad_hash("the iterations have to be a number from 1 to 10000000");
  auto salt = parse_base64(next_part(text));
  if (
    !salt || salt->size() < least_salt_bytes || salt->size() > most_salt_bytes)
    return bad_hash("the salt has to be 8 to 64 bytes in base64");
  auto hash = parse_base64(text);
  if (!hash || hash->size() != hash_bytes)
    return bad_hash("the hash has to be 32 bytes in base64");
  return password_hash{
    password_hash::kind::pbkdf2_sha256, *iterations, std::move(*salt),
    std::move(*hash)};
}

result<password_hash> parse_rabbitmqs(std::string_view text) {
  auto bytes = parse_base64(text);
  if (!bytes || bytes->size() != rabbitmq_salt_bytes + hash_bytes)
    return bad_hash("what follows rabbitmq-sha256$ has to be what `rabbitmqctl "
                    "hash_password` prints with SHA-256, 36 bytes in base64");
  return password_hash{
    password_hash::kind::rabbitmq_sha256, 0,
    bytes->substr(0, rabbitmq_salt_bytes), bytes->substr(rabbitmq_salt_bytes)};
}

std::string pbkdf2(
  std::string_view password, std::string_view salt, std::uint32_t iterations) {
  auto out = std::string(hash_bytes, '\0');
  auto is_done = PKCS5_PBKDF2_HMAC(
    password.data(), static_cast<int>(password.size()), as_bytes(salt.data()),
    static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(),
    static_cast<int>(out.size()), as_bytes(out.data()));
  return is_done == 1 ? out : std::string{};
}

std::string sha256(const std::string& bytes) {
  auto out = std::string(hash_bytes, '\0');
  auto is_done = EVP_Digest(
    bytes.data(), bytes.size(), as_bytes(out.data()), nullptr, EVP_sha256(),
    nullptr);
  return is_done == 1 ? out : std::string{};
}

// Returns no bytes, which no hash equals, if OpenSSL fails.
std::string hashed_like(const password_hash& hash, std::string_view password) {
  if (hash.made_by == password_hash::kind::pbkdf2_sha256)
    return pbkdf2(password, hash.salt, hash.iterations);
  return sha256(hash.salt + std::string{password});
}

} // namespace

result<password_hash> parse_password_hash(std::string_view text) {
  if (text.starts_with(ours)) return parse_ours(text.substr(ours.size()));
  if (text.starts_with(rabbitmqs))
    return parse_rabbitmqs(text.substr(rabbitmqs.size()));
  return bad_hash(
    "it has to begin with pbkdf2-sha256$ or, for one of RabbitMQ's, with "
    "rabbitmq-sha256$");
}

std::string to_string(const password_hash& hash) {
  if (hash.made_by == password_hash::kind::rabbitmq_sha256)
    return std::string{rabbitmqs} + to_base64(hash.salt + hash.hash);
  return std::string{ours} + std::to_string(hash.iterations) + '$'
         + to_base64(hash.salt) + '$' + to_base64(hash.hash);
}

result<password_hash>
make_password_hash(std::string_view password, std::uint32_t iterations) {
  if (password.empty())
    return error{
      errc::refused, "an empty password lets nobody in; choose another"};
  auto out = password_hash{};
  out.iterations = iterations;
  out.salt.resize(salt_bytes);
  auto has_salt =
    RAND_bytes(as_bytes(out.salt.data()), static_cast<int>(salt_bytes)) == 1;
  if (has_salt) out.hash = pbkdf2(password, out.salt, iterations);
  if (out.hash.empty())
    return error{
      errc::cannot_create,
      "OpenSSL cannot hash a password; check that the system's OpenSSL works "
      "and has random numbers"};
  return out;
}

bool is_password(const password_hash& hash, std::string_view password) {
  auto made = hashed_like(hash, password);
  return made.size() == hash.hash.size()
         && CRYPTO_memcmp(made.data(), hash.hash.data(), made.size()) == 0;
}

void spend_time(std::string_view password, std::uint32_t iterations) {
  if (iterations != 0) pbkdf2(password, "no user's salt", iterations);
}

} // namespace troupe
