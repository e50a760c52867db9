#pragma once

#include "engine/routing/binding.hpp"
#include "engine/routing/binding_target.hpp"
#include "engine/routing/exchange_type.hpp"
#include "engine/routing/hash_rule.hpp"
#include "engine/routing/header_rule.hpp"
#include "engine/routing/refusal.hpp"
#include "engine/routing/shared_map.hpp"
#include "engine/routing/topic_trie.hpp"

#include <variant>

namespace troupe {

/// The bindings of one exchange, laid out as its type looks them up. Values
/// whose copies share what they have in common.
using binding_table = std::variant<
  target_set,             // all alike: fanout, random ...
  shared_map<target_set>, // by routing key: direct
  topic_trie,             // topic
  header_rules,           // headers
  hash_rules>;            // x-consistent-hash

/// Returns the empty table for a type; never delayed_message.
binding_table make_binding_table(exchange_type routes_as);

/// Refuses (406) what the type cannot be bound by.
permitted<> check_binding(exchange_type routes_as, const binding& added);

/// Adds a binding, or gives one that is there a new target of the same name.
void add(binding_table& to, const binding& added, const binding_target& target);

/// Removes the binding, and with it those that differ only in what the type
/// does not tell apart: see `is_alike`.
void remove(
  binding_table& from, const binding& removed, const binding_target& target);

/// Says whether two bindings of one exchange are one to its table.
bool is_alike(exchange_type routes_as, const binding& a, const binding& b);

} // namespace troupe
