#include "engine/message/field_lookup.hpp"

#include <array>
#include <concepts>
#include <variant>

namespace troupe {

const field_value* find(const field_table& in, std::string_view name) {
  for (const auto& field : in.fields)
    if (field.name == name) return &field.value;
  return nullptr;
}

const std::string* find_text(const field_table& in, std::string_view name) {
  auto* found = find(in, name);
  return found ? std::get_if<std::string>(&found->value) : nullptr;
}

std::optional<std::int64_t> to_integer(const field_value& value) {
  return std::visit(
    [](const auto& v) -> std::optional<std::int64_t> {
      using type = std::decay_t<decltype(v)>;
      if constexpr (std::integral<type> && !std::same_as<type, bool>)
        return static_cast<std::int64_t>(v);
      else
        return std::nullopt;
    },
    value.value);
}

std::string_view type_name(const field_value& value) {
  constexpr auto names = std::array<std::string_view, 17>{
    "void",          "bool",      "byte",        "unsignedbyte", "short",
    "unsignedshort", "signedint", "unsignedint", "long",         "float",
    "double",        "decimal",   "longstr",     "binary",       "timestamp",
    "array",         "table"};
  static_assert(names.size() == std::variant_size_v<field_value::any>);
  return names[value.value.index()];
}

} // namespace troupe
