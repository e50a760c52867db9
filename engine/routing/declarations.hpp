#pragma once

#include "engine/message/field_table.hpp"

#include <string>

namespace troupe {

/// A queue as a client declares it.
struct queue_declaration {
  std::string name; // without CR and LF
  bool durable = false;
  bool exclusive = false; // to one connection; such a queue is never durable
  bool auto_delete = false;
  field_table arguments = {};
  bool is_server_named = false; // then the name may begin with `amq.`
  bool operator==(const queue_declaration&) const = default;
};

/// An exchange as a client declares it.
struct exchange_declaration {
  std::string name; // without CR and LF
  std::string type;
  bool durable = false;
  bool auto_delete = false;
  bool internal = false;
  field_table arguments = {};
  bool operator==(const exchange_declaration&) const = default;
};

} // namespace troupe
