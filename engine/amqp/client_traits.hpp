#pragma once

#include "engine/amqp/error.hpp"
#include "engine/message/field_table.hpp"

#include <string>
#include <string_view>

namespace troupe::amqp {

/// What a client says of itself in connection.start-ok.
struct client_traits {
  field_table properties; // for lists of connections
  std::string product;
  std::string connection_name;
  bool takes_cancels = false;        // capability consumer_cancel_notify
  bool takes_blocked = false;        // connection.blocked
  bool takes_login_failures = false; // authentication_failure_close

  /// True for the library of Celery and kombu, which changes the prefetch of
  /// consumers that run.
  bool is_py_amqp() const { return product == "py-amqp"; }
};

/// Reads client-properties. Fails with 502 where the table is damaged.
checked<client_traits> read_client(std::string_view encoded);

} // namespace troupe::amqp
