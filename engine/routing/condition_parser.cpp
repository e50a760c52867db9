#include "engine/routing/condition_parser.hpp"

#include <array>
#include <utility>

namespace troupe {

namespace {

constexpr auto test_wanted = std::string_view{
  "a field (routing_key, exchange, body, header.NAME, property.NAME, "
  "json.NAME), exists, not or '('"};
constexpr auto operand_wanted =
  std::string_view{"a field, a text in quotes, a number, true or false"};
constexpr auto comparison_wanted = std::string_view{
  "a comparison (==, !=, <, <=, >, >= or, after a field, matches, contains)"};

constexpr auto relations = std::array{
  std::pair{std::string_view{"=="}, relation::equal},
  std::pair{std::string_view{"!="}, relation::not_equal},
  std::pair{std::string_view{"<="}, relation::at_most},
  std::pair{std::string_view{"<"}, relation::less},
  std::pair{std::string_view{">="}, relation::at_least},
  std::pair{std::string_view{">"}, relation::greater},
};

/// What a function returns once there is a fault; never evaluated.
condition_node nothing() { return {condition_constant{false}}; }

} // namespace

result<condition_node> condition_parser::parse() {
  auto root = any();
  if (!fault_ && token_.what != kind::end) expect_fault("and, or, or the end");
  if (fault_) return *fault_;
  return root;
}

// -- what joins

condition_node condition_parser::any() {
  auto nodes = std::vector<condition_node>{};
  do nodes.push_back(all());
  while (!fault_ && take_either("or", "||"));
  if (nodes.size() == 1) return std::move(nodes.front());
  return {condition_group{condition_group::kind::any, std::move(nodes)}};
}

condition_node condition_parser::all() {
  auto nodes = std::vector<condition_node>{};
  do nodes.push_back(one());
  while (!fault_ && take_either("and", "&&"));
  if (nodes.size() == 1) return std::move(nodes.front());
  return {condition_group{condition_group::kind::all, std::move(nodes)}};
}

condition_node condition_parser::one() {
  auto is_negated = false;
  while (take_either("not", "!")) is_negated = !is_negated;
  auto node = take_symbol("(")      ? group()
              : take_word("exists") ? exists()
                                    : test();
  node.is_negated ^= is_negated;
  return node;
}

condition_node condition_parser::group() {
  if (++depth_ > most_depth) {
    fail("more than 64 parentheses within each other");
    return nothing();
  }
  auto node = any();
  if (!fault_ && !take_symbol(")")) expect_fault("and, or, or ')'");
  --depth_;
  return node;
}

// -- what is asked

condition_node condition_parser::exists() {
  if (token_.what != kind::field)
    expect_fault("a field after exists, such as header.NAME");
  auto found = field();
  if (!found) return nothing();
  return {condition_exists{std::move(*found)}};
}

condition_node condition_parser::test() {
  auto is_constant =
    token_.is(kind::word, "true") || token_.is(kind::word, "false");
  auto left = operand(test_wanted);
  if (fault_) return nothing();
  if (auto* of = std::get_if<key_expression>(&left)) {
    if (take_word("matches")) return match(std::move(*of));
    if (take_word("contains")) return contains(std::move(*of));
  }
  auto is_compared = token_.what == kind::symbol && token_.text != "("
                     && token_.text != ")" && token_.text != "&&"
                     && token_.text != "||" && token_.text != "!";
  if (is_compared || !is_constant) return compare(std::move(left));
  return {condition_constant{std::get<condition_literal>(left).text == "true"}};
}

condition_node condition_parser::compare(condition_operand left) {
  for (auto [symbol, is] : relations) {
    if (!take_symbol(symbol)) continue;
    auto right = operand(operand_wanted);
    if (fault_) return nothing();
    return {condition_comparison{std::move(left), is, std::move(right)}};
  }
  expect_fault(comparison_wanted);
  return nothing();
}

condition_node condition_parser::match(key_expression left) {
  auto pattern = text("matches");
  return {condition_match{std::move(left), topic_pattern{pattern}}};
}

condition_node condition_parser::contains(key_expression left) {
  auto part = text("contains");
  return {condition_contains{std::move(left), std::move(part)}};
}

// -- what is compared

condition_operand condition_parser::operand(std::string_view wanted) {
  auto literal = condition_literal{};
  if (token_.what == kind::field) {
    if (auto found = field()) return std::move(*found);
    return literal;
  }
  if (token_.what == kind::number)
    literal.number = to_number(token_.text);
  else if (
    token_.what != kind::text && !token_.is(kind::word, "true")
    && !token_.is(kind::word, "false")) {
    expect_fault(wanted);
    return literal;
  }
  literal.text = std::move(token_.text);
  advance();
  return literal;
}

std::optional<key_expression> condition_parser::field() {
  if (fault_) return std::nullopt;
  auto found = key_expression::parse(token_.text);
  if (!found) {
    fail(found.error().detail);
    return std::nullopt;
  }
  advance();
  return std::move(*found);
}

std::string condition_parser::text(std::string_view after) {
  if (token_.what != kind::text) {
    expect_fault("a text in quotes after " + std::string{after});
    return {};
  }
  auto found = std::move(token_.text);
  advance();
  return found;
}

// -- tokens and faults

bool condition_parser::take_word(std::string_view word) {
  if (!token_.is(kind::word, word)) return false;
  advance();
  return true;
}

bool condition_parser::take_symbol(std::string_view symbol) {
  if (!token_.is(kind::symbol, symbol)) return false;
  advance();
  return true;
}

void condition_parser::expect_fault(std::string_view wanted) {
  if (token_.what == kind::fault) return fail(token_.text);
  auto found =
    token_.what == kind::end ? std::string{"the end"} : "'" + token_.text + "'";
  fail("expected " + std::string{wanted} + ", found " + found);
}

void condition_parser::fail(std::string what) {
  if (fault_) return;
  auto column = std::to_string(token_.column);
  fault_ = error{errc::bad_config, "column " + column + ": " + what};
  token_ = {kind::end, {}, token_.column};
}

} // namespace troupe
