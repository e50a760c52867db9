#include "config/variables.hpp"

#include <algorithm>
#include <cstdlib>

namespace troupe {

namespace {

bool may_be_in_name(char c) {
  return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
         || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9')
         && std::ranges::all_of(text, may_be_in_name);
}

replaced malformed(std::string_view reference) {
  return {
    {},
    "E0004",
    "`" + std::string{reference}
      + "` is not ${VAR}, ${VAR:-default} or ${VAR:?message}"};
}

replaced missing(const std::string& name, std::string_view message) {
  auto text = "variable `" + name + "` is not set";
  if (!message.empty()) text += ": " + std::string{message};
  return {{}, "E0003", text};
}

// Gives the value of what stands between `${` and `}`. As in a shell, an empty
// variable counts as not set where a default or message is given.
replaced value_of(std::string_view inside, const environment& lookup) {
  auto colon = inside.find(':');
  auto name = std::string{inside.substr(0, colon)};
  auto rest = colon == inside.npos ? std::string_view{} : inside.substr(colon);
  auto is_plain = rest.empty();
  if (
    !is_name(name)
    || !(is_plain || rest.starts_with(":-") || rest.starts_with(":?")))
    return malformed("${" + std::string{inside} + "}");
  auto value = lookup(name);
  if (value && (is_plain || !value->empty())) return {*value, {}, {}};
  if (rest.starts_with(":-")) return {std::string{rest.substr(2)}, {}, {}};
  return missing(name, is_plain ? rest : rest.substr(2));
}

} // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const auto* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

replaced replace_variables(std::string_view text, const environment& lookup) {
  auto out = replaced{};
  while (true) {
    auto start = text.find("${");
    out.text += text.substr(0, start);
    if (start == text.npos) return out;
    if (start > 0 && text[start - 1] == '$') { // the `$` before it is there
      out.text += "{";
      text.remove_prefix(start + 2);
      continue;
    }
    auto end = text.find('}', start);
    if (end == text.npos) return malformed(text.substr(start));
    auto value = value_of(text.substr(start + 2, end - start - 2), lookup);
    if (!value.fault_id.empty()) return value;
    out.text += value.text;
    text.remove_prefix(end + 1);
  }
}

std::string escape_variables(std::string_view text) {
  auto out = std::string{};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("${")) out += '$';
    out += text[i];
  }
  return out;
}

} // namespace troupe
