#include "engine/delivery/death_headers.hpp"

#include <algorithm>

// dead_letter: those that a queue's own rule asks for.

namespace troupe {

namespace {

void drop(field_table& from, std::string_view name) {
  std::erase_if(from.fields, [&](const field& x) { return x.name == name; });
}

/// The routing keys that a death records: the message's own, then those of its
/// header `CC`; those of `BCC` stay secret.
field_array keys_of(const message& dead, const field_table& headers) {
  auto keys = field_array{{field_value{std::string{dead.routing_key()}}}};
  auto* more = find(headers, "CC");
  auto* list = more ? std::get_if<field_array>(&more->value) : nullptr;
  if (!list) return keys;
  for (const auto& x : list->values)
    if (std::holds_alternative<std::string>(x.value)) keys.values.push_back(x);
  return keys;
}

/// Says where and why the message died, and takes out what was to be gone with
/// its first journey.
void mark(
  properties& of,
  const message& dead,
  const dead_letter_rule& rule,
  const death& how) {
  if (!of.headers) of.headers.emplace();
  auto& headers = *of.headers;
  auto keys = keys_of(dead, headers);
  add_death(
    headers, {how.queue, to_string(how.why), dead.exchange(), std::move(keys),
              how.at, of.expiration});
  if (rule.routing_key) drop(headers, "CC");
  drop(headers, "BCC");
  of.expiration.reset();
}

/// Takes out what ended the message's time in a queue that leaves no marks.
void unmark(properties& of, const death& how) {
  if (!how.was_delayed) of.expiration.reset();
  if (how.was_delayed && of.headers) drop(*of.headers, "x-delay");
}

} // namespace

std::string_view to_string(death_reason why) {
  switch (why) {
    case death_reason::rejected: return "rejected";
    case death_reason::expired: return "expired";
    case death_reason::maxlen: return "maxlen";
    case death_reason::delivery_limit: break;
  }
  return "delivery_limit";
}

void add_dead_letter(
  batch_builder& to,
  const message& dead,
  const dead_letter_rule& rule,
  const death& how) {
  auto known = decode_properties(dead.encoded_properties());
  auto made = known ? std::move(*known) : properties{};
  if (rule.marks)
    mark(made, dead, rule, how);
  else
    unmark(made, how);
  auto key =
    rule.routing_key ? std::string_view{*rule.routing_key} : dead.routing_key();
  to.add({rule.exchange, key, encode(made), dead.body()});
}

bool is_automatic_cycle(const message& letter, std::string_view queue) {
  auto header = find_header(letter.encoded_properties(), "x-death");
  auto value = header ? decode(*header) : std::nullopt;
  auto* deaths = value ? std::get_if<field_array>(&value->value) : nullptr;
  if (!deaths) return false;
  for (const auto& x : deaths->values) {
    auto* death = std::get_if<field_table>(&x.value);
    if (!death) continue;
    auto is = [&](std::string_view name, std::string_view text) {
      auto* found = find(*death, name);
      return found && *found == field_value{std::string{text}};
    };
    if (is("reason", "rejected")) return false;
    if (is("queue", queue)) return true;
  }
  return false;
}

} // namespace troupe
