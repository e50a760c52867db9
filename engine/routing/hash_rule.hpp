#pragma once

#include "engine/routing/binding.hpp"
#include "engine/routing/binding_target.hpp"
#include "engine/routing/exchange_type.hpp"
#include "engine/routing/refusal.hpp"

#include <troupe/message.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// A binding of a consistent hash exchange. For each key all bindings draw a
/// number that depends on the two alone, and the least wins ("rendezvous
/// hashing"); a binding more or less moves only the keys it wins or had. The
/// larger the weight, the smaller the numbers: shares are as the weights.
struct hash_rule {
  binding_target target;
  std::string routing_key;
  double weight = 1;
  std::uint64_t seed = 0; // of target and routing key

  friend bool operator<(const hash_rule& a, const hash_rule& b);
};

using hash_rules = shared_set<hash_rule, std::less<>>;

/// Makes a rule of a binding that `check_hash_binding` let pass.
hash_rule make_hash_rule(const binding& from, binding_target target);

/// Refuses routing keys that are no positive number.
permitted<> check_hash_binding(const std::string& routing_key);

/// Returns the winner for a key, or null where there are no rules. Takes time
/// in proportion to their number.
const binding_target* choose(const hash_rules& among, std::string_view key);

/// Returns what a message is hashed by; empty where it has no such part. The
/// view is into the message or `scratch`.
std::string_view
hashed_part(const message& of, const hash_source& source, std::string& scratch);

} // namespace troupe
