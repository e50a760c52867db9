#pragma once

#include "engine/amqp/broker.hpp"
#include "engine/message/field_table.hpp"

namespace troupe::amqp {

/// Returns what connection.start says of this server.
field_table server_properties(const connection_options& of);

} // namespace troupe::amqp
