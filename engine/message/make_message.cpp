#include "engine/message/make_message.hpp"

#include "engine/message/properties.hpp"

namespace troupe {

std::string encode_properties(const draft& from) {
  auto set = properties{};
  if (!from.content_type.empty()) set.content_type = from.content_type;
  if (!from.message_id.empty()) set.message_id = from.message_id;
  if (!from.headers.empty()) {
    auto& fields = set.headers.emplace().fields;
    for (const auto& [name, value] : from.headers)
      fields.push_back({name, {value}});
  }
  return encode(set);
}

void add(batch_builder& to, const draft& from) {
  auto set = encode_properties(from);
  to.add(message{{}, from.routing_key, set, from.body});
}

} // namespace troupe
