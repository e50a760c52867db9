#include "engine/routing/key_expression.hpp"

#include "engine/message/properties.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe {

namespace {

constexpr auto part_names = std::array<std::string_view, 6>{
  "routing_key", "exchange", "body", "header", "property", "json"};
constexpr std::size_t first_with_name = 3; // the parts before take no name

error fault(std::string_view text, const std::string& cure) {
  return {
    errc::bad_config, "'" + std::string{text} + "' names no key: " + cure};
}

error unknown_part(std::string_view text) {
  return fault(
    text, "write routing_key, exchange, body, header:NAME, property:NAME, "
          "json:FIELD or json:/POINTER");
}

error unknown_property(std::string_view text) {
  auto known = std::string{};
  for (auto name : property_names())
    if (name != "headers")
      known += (known.empty() ? "" : ", ") + std::string{name};
  return fault(text, "the properties are " + known);
}

/// A '~' in a JSON pointer stands only before 0 or 1.
bool is_pointer(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (
      text[i] == '~' && text.substr(i + 1, 1) != "0"
      && text.substr(i + 1, 1) != "1")
      return false;
  return true;
}

bool is_property(std::string_view name) {
  return name != "headers"
         && std::ranges::find(property_names(), name) != property_names().end();
}

/// Moves an answer that is no view of the message into `scratch`.
std::optional<std::string_view>
keep(std::optional<std::string> found, std::string& scratch) {
  if (!found) return std::nullopt;
  scratch = std::move(*found);
  return scratch;
}

} // namespace

result<key_expression> key_expression::parse(std::string_view text) {
  auto colon = text.find(':');
  auto found = std::ranges::find(part_names, text.substr(0, colon));
  if (found == part_names.end()) return unknown_part(text);
  auto i = static_cast<std::size_t>(found - part_names.begin());
  auto what = static_cast<part>(i);
  auto is_named = colon != std::string_view::npos;
  if (is_named != (i >= first_with_name)) return unknown_part(text);

  auto name = is_named ? text.substr(colon + 1) : std::string_view{};
  if (is_named && name.empty())
    return fault(text, "a name must follow the colon");
  if (what == part::header && name.size() > 255)
    return fault(text, "no header's name is longer than 255 bytes");
  if (what == part::property && !is_property(name))
    return unknown_property(text);
  if (what == part::json && name.starts_with('/') && !is_pointer(name))
    return fault(text, "in a JSON pointer '~' is written ~0 and '/' ~1");
  return key_expression{what, std::string{name}};
}

std::optional<std::string_view>
key_expression::value(const message& of, std::string& scratch) const {
  if (what_ != part::json) {
    auto unused = json_body{{}};
    return value(of, unused, scratch);
  }
  auto body = json_body{of.body()};
  auto found = value(of, body, scratch);
  // A string still lies in `body`, which ends here.
  if (found && found->data() != scratch.data()) found = scratch.assign(*found);
  return found;
}

std::optional<std::string_view> key_expression::value(
  const message& of, json_body& body, std::string& scratch) const {
  switch (what_) {
    case part::routing_key: return of.routing_key();
    case part::exchange: return of.exchange();
    case part::body: return of.body();
    case part::json: return body.field(name_, scratch);
    case part::header:
      if (auto text = find_text_header(of.encoded_properties(), name_))
        return text;
      return keep(of.header(name_), scratch);
    case part::property:
      if (auto text = find_text_property(of.encoded_properties(), name_))
        return text;
      return keep(of.property(name_), scratch);
  }
  return std::nullopt;
}

bool key_expression::exists(const message& in, json_body& body) const {
  switch (what_) {
    case part::json: return body.has(name_);
    case part::header:
      return find_header(in.encoded_properties(), name_).has_value();
    case part::property:
      return find_property(in.encoded_properties(), name_).has_value();
    default: return true;
  }
}

std::string key_expression::to_string() const {
  auto text = std::string{part_names[static_cast<std::size_t>(what_)]};
  return name_.empty() ? text : text + ':' + name_;
}

} // namespace troupe
