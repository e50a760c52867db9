#pragma once

#include "engine/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// What is kept of a password.
struct password_hash {
  enum class kind : std::uint8_t {
    pbkdf2_sha256,   // ours: costs a guess as much as `iterations` say
    rabbitmq_sha256, // RabbitMQ's: SHA-256 over the salt and the password
  };

  kind made_by = kind::pbkdf2_sha256;
  std::uint32_t iterations = 0; // 0 with rabbitmq_sha256
  std::string salt;             // bytes
  std::string hash;             // 32 bytes
  bool operator==(const password_hash&) const = default;
};

inline constexpr std::uint32_t default_iterations = 100'000;
inline constexpr std::uint32_t most_iterations = 10'000'000;

/// Reads `pbkdf2-sha256$ITERATIONS$SALT$HASH`, or `rabbitmq-sha256$` before
/// what `rabbitmqctl hash_password` prints; salt and hash in base64. Fails with
/// `bad_config`; the error's text holds nothing of what was read.
result<password_hash> parse_password_hash(std::string_view text);

std::string to_string(const password_hash& hash);

/// Hashes a password under a new random salt. Takes tens of milliseconds.
/// Fails with `refused` for an empty one, `cannot_create` if the system has no
/// random numbers.
result<password_hash> make_password_hash(
  std::string_view password, std::uint32_t iterations = default_iterations);

/// Returns whether it is this password, in a time that does not tell how near
/// it comes. Costs what making the hash did.
bool is_password(const password_hash& hash, std::string_view password);

/// Takes as long as checking against a hash of so many iterations.
void spend_time(std::string_view password, std::uint32_t iterations);

} // namespace troupe
