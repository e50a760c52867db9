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

} // namespace troupe
