#include "config/deep_key.hpp"

#include <algorithm>

namespace troupe {

namespace {

bool may_be_in_key(char c) {
  return c == '_' || c == '-' || c == ' ' || c == '\t' || (c >= 'A' && c <= 'Z')
         || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// A long string may end in up to two quotes of its own before the fence.
std::size_t end_of_fence(std::string_view text, std::size_t fence, char quote) {
  auto end = fence + 3;
  while (end < std::min(fence + 5, text.size()) && text[end] == quote) ++end;
  return end;
}

// Returns where the string that starts at `from` ends: after its last quote,
// or at what makes it malformed.
std::size_t end_of_string(std::string_view text, std::size_t from) {
  auto quote = text[from];
  auto fence = std::string_view{quote == '"' ? R"(""")" : "'''"};
  auto is_long = text.substr(from).starts_with(fence);
  auto i = from + (is_long ? 3 : 1);
  for (; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\')
      ++i;
    else if (is_long && text.substr(i).starts_with(fence))
      return end_of_fence(text, i, quote);
    else if (!is_long && text[i] == quote)
      return i + 1;
    else if (!is_long && text[i] == '\n')
      return i;
  }
  return text.size();
}

text_position position_of(std::string_view text, std::size_t i) {
  auto before = text.substr(0, i);
  auto start = before.rfind('\n') + 1; // npos + 1 is 0
  auto lines = std::ranges::count(before, '\n');
  return {
    static_cast<std::uint32_t>(lines) + 1,
    static_cast<std::uint32_t>(i - start) + 1};
}

} // namespace

std::optional<text_position> find_deep_key(std::string_view text) {
  auto dots = std::uint32_t{0};
  for (std::size_t i = 0; i < text.size();) {
    auto c = text[i];
    if (c == '"' || c == '\'') {
      i = end_of_string(text, i);
      continue;
    }
    if (c == '#') i = std::min(text.find('\n', i), text.size() - 1);
    if (c == '.' && ++dots > most_dots) return position_of(text, i);
    if (c != '.' && !may_be_in_key(c)) dots = 0;
    ++i;
  }
  return std::nullopt;
}

} // namespace troupe
