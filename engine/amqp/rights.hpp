#pragma once

#include "engine/access/user.hpp"
#include "engine/amqp/error.hpp"

#include <string>
#include <string_view>

namespace troupe::amqp {

/// What a right is asked for.
struct protected_thing {
  std::string_view kind; // "queue" or "exchange"
  std::string_view name;
};

/// Fails with 530 where the user has no rights in the vhost.
checked<> check_entry(const user& who, const std::string& vhost);

/// Fails with 403 where the user does not have the right.
checked<> check_right(
  const user& who,
  const std::string& vhost,
  access_right wanted,
  protected_thing to);

/// Fails with 406 where the user may not publish under that user-id.
checked<> check_user_id(const user& who, std::string_view user_id);

} // namespace troupe::amqp
