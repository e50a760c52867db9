#include "engine/routing/condition.hpp"

#include "engine/routing/condition_parser.hpp"
#include "engine/routing/condition_tree.hpp"
#include "engine/routing/json_body.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <compare>
#include <cstdint>
#include <utility>

namespace troupe {

namespace {

template <class T>
std::optional<condition_number> whole(std::string_view text) {
  auto value = T{};
  auto end = text.data() + text.size();
  auto [stop, ec] = std::from_chars(text.data(), end, value);
  if (ec != std::errc{} || stop != end) return std::nullopt;
  return static_cast<condition_number>(value);
}

bool holds(relation is, std::partial_ordering order) {
  switch (is) {
    case relation::equal: return order == 0;
    case relation::not_equal: return order != 0;
    case relation::less: return order < 0;
    case relation::at_most: return order <= 0;
    case relation::greater: return order > 0;
    case relation::at_least: return order >= 0;
  }
  return false;
}

/// A side of a comparison, for one message.
struct side {
  std::optional<std::string_view> text;
  std::optional<condition_number> number;
  bool is_field = false;

  bool may_be_number() const { return is_field || number; }
};

std::partial_ordering order(side left, side right) {
  auto none = std::partial_ordering::unordered;
  if (!left.text || !right.text) return none;
  if (left.may_be_number() && right.may_be_number()) {
    if (left.is_field) left.number = to_number(*left.text);
    if (right.is_field) right.number = to_number(*right.text);
    if (left.number && right.number) return *left.number <=> *right.number;
    if (!left.is_field || !right.is_field) return none;
  } else if (left.number || right.number) {
    return none;
  }
  return *left.text <=> *right.text;
}

/// Walks the tree for one message.
class evaluation {
public:
  explicit evaluation(const message& of) : message_{of}, body_{of.body()} {}

  bool holds(const condition_node& node) {
    return std::visit(*this, node.rule) != node.is_negated;
  }

  bool operator()(const condition_constant& rule) { return rule.holds; }

  bool operator()(const condition_comparison& rule) {
    auto left = look_at(rule.left, left_);
    auto right = look_at(rule.right, right_);
    return troupe::holds(rule.is, order(left, right));
  }

  bool operator()(const condition_match& rule) {
    auto text = rule.field.value(message_, body_, left_);
    return text && rule.pattern.matches(*text);
  }

  bool operator()(const condition_contains& rule) {
    auto text = rule.field.value(message_, body_, left_);
    return text && text->find(rule.part) != std::string_view::npos;
  }

  bool operator()(const condition_exists& rule) {
    return rule.field.exists(message_, body_);
  }

  bool operator()(const condition_group& rule) {
    auto one = [&](const condition_node& node) { return holds(node); };
    return rule.of == condition_group::kind::all
             ? std::ranges::all_of(rule.nodes, one)
             : std::ranges::any_of(rule.nodes, one);
  }

private:
  side look_at(const condition_operand& operand, std::string& scratch) {
    if (const auto* literal = std::get_if<condition_literal>(&operand))
      return {literal->text, literal->number, false};
    const auto& field = std::get<key_expression>(operand);
    return {field.value(message_, body_, scratch), std::nullopt, true};
  }

  const message& message_;
  json_body body_;
  std::string left_; // room for what is no view
  std::string right_;
};

} // namespace

std::optional<condition_number> to_number(std::string_view text) {
  if (auto number = whole<std::int64_t>(text)) return number;
  if (auto number = whole<std::uint64_t>(text)) return number;
  auto number = whole<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

result<condition> condition::parse(std::string_view text) {
  auto root = condition_parser{text}.parse();
  if (!root) return root.error();
  return condition{
    std::string{text},
    std::make_shared<const condition_node>(std::move(*root))};
}

bool condition::holds(const message& of) const {
  return evaluation{of}.holds(*root_);
}

} // namespace troupe
