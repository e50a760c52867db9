#include "engine/message/properties.hpp"

#include <troupe/message.hpp>

namespace troupe {

std::optional<std::string> message::header(std::string_view name) const {
  auto found = find_header(properties_, name);
  return found ? to_text(*found) : std::nullopt;
}

std::optional<std::string> message::property(std::string_view name) const {
  return find_property(properties_, name);
}

std::map<std::string, std::string> message::headers() const {
  auto all = std::map<std::string, std::string>{};
  auto set = decode_properties(properties_);
  if (!set || !set->headers) return all;
  for (const auto& x : set->headers->fields)
    if (auto text = header(x.name)) all.emplace(x.name, std::move(*text));
  return all;
}

} // namespace troupe
