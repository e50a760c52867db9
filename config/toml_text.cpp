#include "config/toml_text.hpp"

#include "config/variables.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace troupe {

namespace {

bool is_bare(char c) {
  return c == '_' || c == '-' || (c >= 'A' && c <= 'Z')
         || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

void add_escaped(std::string& out, char c) {
  auto code = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out += {'\\', c};
  } else if (code < 0x20 || code == 0x7f) {
    auto escape = std::array<char, 8>{};
    std::snprintf(escape.data(), escape.size(), "\\u%04X", code);
    out += escape.data();
  } else {
    out += c;
  }
}

std::string escaped_string(std::string_view text) {
  auto out = std::string{'"'};
  for (auto c : text) add_escaped(out, c);
  out += '"';
  return out;
}

} // namespace

std::string toml_key(std::string_view key) {
  if (!key.empty() && std::ranges::all_of(key, is_bare))
    return std::string{key};
  return escaped_string(key);
}

std::string toml_string(std::string_view text) {
  return escaped_string(escape_variables(text));
}

std::string toml_number(double value) {
  auto digits = std::array<char, 32>{};
  auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  auto text = std::string{digits.begin(), end};
  // TOML tells 2.0 from 2.
  if (text.find_first_of(".e") == text.npos) text += ".0";
  return text;
}

} // namespace troupe
