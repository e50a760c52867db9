#pragma once

#include "engine/routing/declarations.hpp"
#include "engine/routing/refusal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// The ways an exchange chooses among its bindings, as in RabbitMQ and its
/// plug-ins.
enum class exchange_type : std::uint8_t {
  direct,
  fanout,
  topic,
  headers,
  consistent_hash, // x-consistent-hash
  modulus_hash,    // x-modulus-hash
  random,          // x-random
  local_random,    // x-local-random: the same, since all queues are local
  recent_history,  // x-recent-history: fanout, and newcomers get what was last
  delayed_message, // x-delayed-message: another type, after `x-delay`
};

std::optional<exchange_type> parse_exchange_type(std::string_view name);

/// Returns the name that `parse_exchange_type` reads.
std::string_view to_string(exchange_type type);

/// What a hash exchange takes a message's place by.
struct hash_source {
  enum class part : std::uint8_t { routing_key, header, property };
  part what = part::routing_key;
  std::string name; // of the header or property
  bool operator==(const hash_source&) const = default;
};

/// An exchange's declaration, read.
struct exchange_settings {
  exchange_type type = exchange_type::direct;
  exchange_type routes_as = exchange_type::direct; // never delayed_message
  std::string alternate; // exchange for what matches nothing; empty: none
  hash_source hash;
  std::uint32_t history = 0; // messages that x-recent-history keeps
  bool operator==(const exchange_settings&) const = default;
};

/// Reads type and arguments; unknown arguments mean nothing. `vhost` is for
/// the text of a refusal (406).
permitted<exchange_settings>
read_exchange(const exchange_declaration& from, const std::string& vhost);

} // namespace troupe
