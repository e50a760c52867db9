#include "engine/routing/header_rule.hpp"

#include "engine/message/wire.hpp"

#include <algorithm>
#include <tuple>

namespace troupe {

namespace {

constexpr auto mode_name = std::string_view{"x-match"};

const seen_header*
find(const std::vector<seen_header>& headers, std::string_view name) {
  auto found = std::lower_bound(
    headers.begin(), headers.end(), name,
    [](const seen_header& h, std::string_view n) { return h.name < n; });
  return found != headers.end() && found->name == name ? &*found : nullptr;
}

} // namespace

header_rule::header_rule(const binding& from, binding_target target)
  : target_{std::move(target)},
    routing_key_{from.routing_key},
    arguments_{encode(from.arguments)} {
  auto* given = find_text(from.arguments, mode_name);
  auto mode = given ? std::string_view{*given} : std::string_view{"all"};
  any_ = mode.starts_with("any");
  auto with_x = mode.ends_with("-with-x");
  auto fields = byte_reader{arguments_};
  fields = byte_reader{take_long_string(fields)};
  while (!fields.at_end()) {
    auto found = take_field(fields);
    if (!fields.ok()) break;
    if (found.name == mode_name) continue;
    if (found.name.starts_with("x-") && !with_x) continue;
    wanted_.push_back({found.name, plain(found)});
  }
}

bool header_rule::matches(const std::vector<seen_header>& headers) const {
  for (const auto& w : wanted_) {
    auto* found = find(headers, w.name);
    auto fits =
      found
      && (w.value.what == plain_value::kind::none || is_same(w.value, found->value));
    if (fits == any_) return any_;
  }
  return !any_;
}

bool operator<(const header_rule& a, const header_rule& b) {
  return std::tie(a.target_, a.routing_key_, a.arguments_)
         < std::tie(b.target_, b.routing_key_, b.arguments_);
}

permitted<> check_header_binding(const field_table& arguments) {
  constexpr auto why = refusal::reason::precondition_failed;
  auto* found = troupe::find(arguments, mode_name);
  if (!found) return {};
  auto* mode = std::get_if<std::string>(&found->value);
  if (!mode)
    return refusal{
      why, "Invalid x-match field type " + std::string{type_name(*found)}
             + " (value " + value_text(*found) + "); expected longstr"};
  if (
    *mode == "all" || *mode == "any" || *mode == "all-with-x"
    || *mode == "any-with-x")
    return {};
  return refusal{
    why, "Invalid x-match field value <<\"" + *mode
           + "\">>; expected all, any, all-with-x, or any-with-x"};
}

} // namespace troupe
