#pragma once

#include "engine/message/batch.hpp"

#include <initializer_list>
#include <string>
#include <vector>

namespace troupe::test {

/// A batch of messages with these bodies; each one's routing key is its body up
/// to the first colon.
inline batch_ptr batch_of(const std::vector<std::string>& bodies) {
  auto builder = batch_builder{};
  for (const auto& body : bodies) {
    auto key = std::string_view{body}.substr(0, body.find(':'));
    builder.add(message{"", key, "", body});
  }
  return builder.take();
}

} // namespace troupe::test
