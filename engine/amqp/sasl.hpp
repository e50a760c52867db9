#pragma once

#include "engine/amqp/broker.hpp"
#include "engine/amqp/error.hpp"

#include <string>
#include <string_view>

namespace troupe::amqp {

/// Returns the mechanisms a connection may log in with, as connection.start
/// lists them. EXTERNAL is among them where the client showed a certificate.
std::string mechanisms(const connection_options& of);

/// Reads the client's first and only response. Fails with 502 for a malformed
/// one, with 503 for a mechanism that was not offered.
checked<login> read_login(
  const connection_options& of,
  std::string_view mechanism,
  std::string_view response);

} // namespace troupe::amqp
