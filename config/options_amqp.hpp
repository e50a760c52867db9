#pragma once

#include "config/option_visitor.hpp"
#include "config/pipeline.hpp"

namespace troupe {

/// Walks the options of a source of type amqp_server, but for `type`.
void visit_amqp(option_visitor& visitor, amqp_server_config& server);

} // namespace troupe
