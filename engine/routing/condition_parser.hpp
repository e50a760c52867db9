#pragma once

#include "engine/base/result.hpp"
#include "engine/routing/condition_lexer.hpp"
#include "engine/routing/condition_tree.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// Parses one condition by descent. The first fault is kept and ends the
/// text, so that every function just returns.
class condition_parser {
public:
  /// Parentheses within parentheses; keeps recursion off the stack's end.
  static constexpr std::size_t most_depth = 64;

  /// The text must outlive this.
  explicit condition_parser(std::string_view text)
    : lexer_{text}, token_{lexer_.next()} {}

  result<condition_node> parse();

private:
  using kind = condition_token::kind;

  condition_node any();
  condition_node all();
  condition_node one();
  condition_node group();
  condition_node exists();
  condition_node test();
  condition_node compare(condition_operand left);
  condition_node match(key_expression left);
  condition_node contains(key_expression left);

  condition_operand operand(std::string_view wanted);
  std::optional<key_expression> field();
  std::string text(std::string_view after);

  bool take_word(std::string_view word);
  bool take_symbol(std::string_view symbol);
  bool take_either(std::string_view word, std::string_view symbol) {
    return take_word(word) || take_symbol(symbol);
  }
  void advance() { token_ = lexer_.next(); }

  void expect_fault(std::string_view wanted);
  void fail(std::string what);

  condition_lexer lexer_;
  condition_token token_; // the one to be read next
  std::size_t depth_ = 0;
  std::optional<error> fault_;
};

} // namespace troupe
