#include "engine/routing/condition_lexer.hpp"

#include "engine/routing/condition_tree.hpp"

#include <algorithm>
#include <array>

namespace troupe {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_quote(char c) { return c == '"' || c == '\''; }

bool is_of_number(char c) {
  return is_digit(c) || is_letter(c) || c == '.' || c == '+' || c == '-';
}

bool is_of_name(char c) {
  constexpr auto others = std::string_view{"()=!<>&|,\"'"};
  return !is_space(c) && others.find(c) == others.npos;
}

template <std::size_t N>
bool is_one_of(
  std::string_view text, const std::array<std::string_view, N>& known) {
  return std::ranges::find(known, text) != known.end();
}

constexpr auto words = std::array<std::string_view, 8>{
  "and", "or", "not", "exists", "matches", "contains", "true", "false"};
constexpr auto parts_with_name =
  std::array<std::string_view, 3>{"header", "property", "json"};
// The longer first, so that <= is not read as <.
constexpr auto symbols = std::array<std::string_view, 11>{
  "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(", ")"};

} // namespace

condition_token condition_lexer::next() {
  take_while(is_space);
  start_ = at_;
  if (at_ == text_.size()) return make(kind::end, "");
  auto c = peek();
  if (is_letter(c)) return word();
  if (is_quote(c)) return quoted();
  if (is_digit(c) || c == '-') return number();
  return symbol();
}

condition_token condition_lexer::word() {
  auto found = take_while(is_letter);
  if (is_one_of(found, words)) return make(kind::word, std::string{found});
  if (is_one_of(found, parts_with_name)) return name_of(found);
  return make(kind::field, std::string{found});
}

condition_token condition_lexer::name_of(std::string_view part) {
  if (peek() != '.' && peek() != ':')
    return fault(
      "'" + std::string{part} + "' needs a name: " + std::string{part}
      + ".NAME");
  ++at_;
  auto name = std::string{};
  if (is_quote(peek())) {
    auto found = quoted();
    if (found.what == kind::fault) return found;
    name = std::move(found.text);
  } else {
    name = take_while(is_of_name);
  }
  return make(kind::field, std::string{part} + ':' + name);
}

condition_token condition_lexer::quoted() {
  auto quote = text_[at_++];
  auto held = std::string{};
  while (at_ < text_.size() && text_[at_] != quote) {
    if (text_[at_] == '\\') {
      ++at_;
      if (!is_quote(peek()) && peek() != '\\')
        return fault("a backslash in a text stands only before \\, \" and '");
    }
    held += text_[at_++];
  }
  if (at_ == text_.size())
    return fault(std::string{"a text lacks its closing "} + quote);
  ++at_;
  return make(kind::text, std::move(held));
}

condition_token condition_lexer::number() {
  auto found = take_while(is_of_number);
  if (!to_number(found))
    return fault("'" + std::string{found} + "' is not a decimal number");
  return make(kind::number, std::string{found});
}

condition_token condition_lexer::symbol() {
  auto rest = text_.substr(at_);
  for (auto known : symbols) {
    if (!rest.starts_with(known)) continue;
    at_ += known.size();
    return make(kind::symbol, std::string{known});
  }
  auto cure = peek() == '='   ? "; write == to compare"
              : peek() == '&' ? "; write && or and"
              : peek() == '|' ? "; write || or or"
                              : "";
  return fault(std::string{"'"} + peek() + "' means nothing here" + cure);
}

condition_token condition_lexer::fault(std::string text) {
  at_ = text_.size();
  return make(kind::fault, std::move(text));
}

std::string_view condition_lexer::take_while(bool (*belongs)(char)) {
  auto from = at_;
  while (at_ < text_.size() && belongs(text_[at_])) ++at_;
  return text_.substr(from, at_ - from);
}

} // namespace troupe
