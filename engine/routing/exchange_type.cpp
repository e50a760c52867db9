#include "engine/routing/exchange_type.hpp"

#include "engine/routing/plain_value.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace troupe {

namespace {

constexpr auto type_names = std::array<std::string_view, 10>{
  "direct",
  "fanout",
  "topic",
  "headers",
  "x-consistent-hash",
  "x-modulus-hash",
  "x-random",
  "x-local-random",
  "x-recent-history",
  "x-delayed-message"};

constexpr auto usual_history = std::uint32_t{20}; // the plug-in's own

refusal refused(std::string text) {
  return {refusal::reason::precondition_failed, std::move(text)};
}

permitted<exchange_type> read_type(const std::string& name) {
  if (auto known = parse_exchange_type(name)) return *known;
  return refused("invalid exchange type '" + name + "'");
}

/// Returns what a delayed exchange does once the delay is over.
permitted<exchange_type> read_delayed_type(const field_table& arguments) {
  auto* name = find_text(arguments, "x-delayed-type");
  if (!name)
    return refused(
      "Invalid argument, 'x-delayed-type' must be an existing exchange type");
  auto type = read_type(*name);
  if (type && *type == exchange_type::delayed_message)
    return refused("'x-delayed-type' cannot be 'x-delayed-message' itself");
  return type;
}

permitted<std::string>
read_alternate(const exchange_declaration& from, const std::string& vhost) {
  auto* found = find(from.arguments, "alternate-exchange");
  if (!found) return std::string{};
  if (auto* name = std::get_if<std::string>(&found->value)) return *name;
  return refused(
    "invalid type '" + std::string{type_name(*found)}
    + "' for arg 'alternate-exchange' in exchange '" + from.name
    + "' in vhost '" + vhost + "'");
}

permitted<hash_source> read_hash(const field_table& arguments) {
  auto* header = find(arguments, "hash-header");
  auto* property = find(arguments, "hash-property");
  if (!header && !property) return hash_source{};
  if (header && property)
    return refused("hash-header and hash-property are mutually exclusive");
  auto* name = find_text(arguments, header ? "hash-header" : "hash-property");
  if (!name) return refused("hash-header and hash-property must be strings");
  if (header) return hash_source{hash_source::part::header, *name};
  if (
    *name != "message_id" && *name != "correlation_id" && *name != "timestamp")
    return refused("Unsupported property: " + *name);
  return hash_source{hash_source::part::property, *name};
}

permitted<std::uint32_t> read_history(const field_table& arguments) {
  auto* found = find(arguments, "x-recent-history-length");
  if (!found) return usual_history;
  auto length = to_integer(*found).value_or(0);
  if (length > 0 && length <= std::numeric_limits<std::uint32_t>::max())
    return static_cast<std::uint32_t>(length);
  return refused(
    "Invalid argument " + value_text(*found)
    + ", 'x-recent-history-length' must be a positive integer");
}

} // namespace

std::optional<exchange_type> parse_exchange_type(std::string_view name) {
  auto found = std::ranges::find(type_names, name);
  if (found == type_names.end()) return std::nullopt;
  return static_cast<exchange_type>(found - type_names.begin());
}

std::string_view to_string(exchange_type type) {
  return type_names[static_cast<std::size_t>(type)];
}

permitted<exchange_settings>
read_exchange(const exchange_declaration& from, const std::string& vhost) {
  auto type = read_type(from.type);
  if (!type) return type.error();
  auto made = exchange_settings{*type, *type, {}, {}, 0};
  if (*type == exchange_type::delayed_message) {
    auto below = read_delayed_type(from.arguments);
    if (!below) return below.error();
    made.routes_as = *below;
  }
  auto alternate = read_alternate(from, vhost);
  if (!alternate) return alternate.error();
  made.alternate = std::move(*alternate);
  if (made.routes_as == exchange_type::consistent_hash) {
    auto hash = read_hash(from.arguments);
    if (!hash) return hash.error();
    made.hash = std::move(*hash);
  }
  if (made.routes_as == exchange_type::recent_history) {
    auto history = read_history(from.arguments);
    if (!history) return history.error();
    made.history = *history;
  }
  return made;
}

} // namespace troupe
