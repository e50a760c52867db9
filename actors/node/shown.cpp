#include "actors/node/shown.hpp"

#include "engine/access/base64.hpp"

#include <boost/json.hpp>
#include <boost/nowide/utf/utf.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

using utf8 = boost::nowide::utf::utf_traits<char>;

constexpr auto no_character = boost::nowide::utf::illegal;

/// Takes one character off the front of `rest`; of what is no UTF-8 a byte.
boost::nowide::utf::code_point take_character(std::string_view& rest) {
  const auto* at = rest.data();
  auto found = utf8::decode(at, rest.data() + rest.size());
  auto is_one = boost::nowide::utf::is_valid_codepoint(found);
  rest.remove_prefix(
    is_one ? static_cast<std::size_t>(at - rest.data()) : std::size_t{1});
  return is_one ? found : no_character;
}

bool is_control(boost::nowide::utf::code_point x) {
  return x < 0x20 || (x >= 0x7f && x < 0xa0);
}

void add_escaped(std::string& to, std::string_view bytes) {
  constexpr auto digits = std::string_view{"0123456789abcdef"};
  for (auto byte : bytes) {
    auto number = static_cast<unsigned char>(byte);
    to += {'\\', 'x', digits[number >> 4], digits[number & 15]};
  }
}

json::value json_shown_within(const json::value& from) {
  if (from.is_object()) return json_shown(from.get_object());
  if (!from.is_array()) return from;
  auto made = json::array{};
  for (const auto& x : from.get_array()) made.push_back(json_shown_within(x));
  return made;
}

bool is_utf8(std::string_view text) {
  while (!text.empty())
    if (take_character(text) == no_character) return false;
  return true;
}

} // namespace

std::string shown(std::string_view bytes) {
  auto text = std::string{};
  while (!bytes.empty()) {
    auto whole = bytes;
    auto found = take_character(bytes);
    auto one = whole.substr(0, whole.size() - bytes.size());
    auto is_strange =
      found == no_character || (found != '\n' && is_control(found));
    if (is_strange)
      add_escaped(text, one);
    else
      text += one;
  }
  return text;
}

json::object json_shown(const json::object& from) {
  auto made = json::object{};
  for (const auto& [name, value] : from) {
    auto is_strange = value.is_string() && !is_utf8(value.get_string());
    if (is_strange)
      made[std::string{name} + "_base64"] = to_base64(value.get_string());
    else
      made[name] = json_shown_within(value);
  }
  return made;
}

} // namespace troupe
