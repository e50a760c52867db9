#pragma once

#include "engine/routing/key_expression.hpp"
#include "engine/routing/topic_pattern.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// What a condition consists of once it is parsed. For this folder only.

namespace troupe {

/// Wide enough for all 64-bit integers and all doubles, exactly.
using condition_number = long double;

/// Returns the number that all of `text` is: decimal, finite.
std::optional<condition_number> to_number(std::string_view text);

struct condition_node;

struct condition_literal {
  std::string text;
  std::optional<condition_number> number; // if it stood without quotes
};

using condition_operand = std::variant<condition_literal, key_expression>;

enum class relation : std::uint8_t {
  equal,
  not_equal,
  less,
  at_most,
  greater,
  at_least
};

struct condition_constant {
  bool holds;
};

struct condition_comparison {
  condition_operand left;
  relation is;
  condition_operand right;
};

struct condition_match {
  key_expression field;
  topic_pattern pattern;
};

struct condition_contains {
  key_expression field;
  std::string part;
};

struct condition_exists {
  key_expression field;
};

/// Holds when all of `nodes` do, or any.
struct condition_group {
  enum class kind : std::uint8_t { all, any } of;
  std::vector<condition_node> nodes;
};

struct condition_node {
  std::variant<
    condition_constant,
    condition_comparison,
    condition_match,
    condition_contains,
    condition_exists,
    condition_group>
    rule;
  bool is_negated = false;
};

} // namespace troupe
