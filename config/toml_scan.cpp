#include "config/toml_scan.hpp"

#include <algorithm>

namespace troupe {

namespace {

// The parser bounds brackets alone, at 256; each may hold one such key.
constexpr std::uint32_t most_dots = 32;

bool may_be_in_key(char c) {
  return c == '_' || c == '-' || c == ' ' || c == '\t' || (c >= 'A' && c <= 'Z')
         || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

bool starts_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
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

scan_fault fault_at(std::string_view text, std::size_t i) {
  auto before = text.substr(0, i);
  auto start = before.rfind('\n') + 1; // npos + 1 is 0
  auto lines = std::ranges::count(before, '\n');
  auto characters =
    std::ranges::count_if(before.substr(start), starts_character);
  auto out = scan_fault{};
  out.line += static_cast<std::uint32_t>(lines);
  out.column += static_cast<std::uint32_t>(characters);
  return out;
}

scan_fault deep_key(std::string_view text, std::size_t i) {
  auto out = fault_at(text, i);
  out.message = "this key nests too deep";
  out.label = "the dot number " + std::to_string(most_dots + 1);
  out.help = "put a name that has dots into quotes";
  return out;
}

scan_fault foreign_letter(std::string_view text, std::size_t i) {
  auto out = fault_at(text, i);
  out.message = "this is not TOML: a letter outside ASCII without quotes";
  out.label = "here";
  out.help = "put texts into quotes; names are small letters, digits, `_`, `-` "
             "and `.`";
  return out;
}

} // namespace

std::optional<scan_fault> scan_toml(std::string_view text) {
  auto dots = std::uint32_t{0};
  auto i = std::size_t{text.starts_with("\xef\xbb\xbf") ? 3u : 0u};
  while (i < text.size()) {
    auto c = text[i];
    if (c == '"' || c == '\'') {
      i = end_of_string(text, i);
      continue;
    }
    if (c == '#')
      i = std::min(text.find('\n', i), text.size() - 1);
    else if (!is_ascii(c))
      return foreign_letter(text, i);
    if (c == '.' && ++dots > most_dots) return deep_key(text, i);
    if (c != '.' && !may_be_in_key(c)) dots = 0;
    ++i;
  }
  return std::nullopt;
}

} // namespace troupe
