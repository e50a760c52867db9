#pragma once

#include "engine/message/field_table.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace troupe {

/// A binding of a vhost: from an exchange to a queue or another exchange. Two
/// are the same when all of this is, arguments in whatever order.
struct binding {
  enum class kind : std::uint8_t { queue, exchange };

  std::string source; // an exchange
  kind to = kind::queue;
  std::string destination;
  std::string routing_key;
  field_table arguments; // the topology sorts them
  bool operator==(const binding&) const = default;
};

using binding_ptr = std::shared_ptr<const binding>;

} // namespace troupe
