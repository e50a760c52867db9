#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// A word of a condition's text.
struct condition_token {
  enum class kind : std::uint8_t {
    end,
    word,   // and, or, not, exists, matches, contains, true, false
    symbol, // ( ) and the comparisons
    field,  // as key_expression reads it
    text,   // was in quotes; `text` is what they held
    number,
    fault, // `text` says what is wrong
  };
  kind what = kind::end;
  std::string text;
  std::size_t column = 1; // where it begins, from 1

  bool is(kind k, std::string_view t) const { return what == k && text == t; }
};

/// Cuts a condition's text into tokens, one at a time.
class condition_lexer {
public:
  /// The text must outlive this.
  explicit condition_lexer(std::string_view text) : text_{text} {}

  /// Returns the next token; at the end, or after a fault, always `end`.
  condition_token next();

private:
  using kind = condition_token::kind;

  condition_token word();
  condition_token name_of(std::string_view part);
  condition_token quoted();
  condition_token number();
  condition_token symbol();

  condition_token make(kind what, std::string text) const {
    return {what, std::move(text), start_ + 1};
  }
  condition_token fault(std::string text);
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  std::string_view take_while(bool (*belongs)(char));

  std::string_view text_;
  std::size_t start_ = 0; // of the token at hand
  std::size_t at_ = 0;
};

} // namespace troupe
