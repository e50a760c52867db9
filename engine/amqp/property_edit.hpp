#pragma once

#include <string>
#include <string_view>

// Changes to a message's encoded properties on its way through the edge. All
// take properties that are valid.

namespace troupe::amqp {

/// Returns the list without the headers of that name.
std::string without_header(std::string_view properties, std::string_view name);

/// Returns the list with another `reply_to`, which it has already.
std::string
with_reply_to(std::string_view properties, std::string_view address);

/// Says what a message has that a connection has to look at, by flags alone.
struct property_glance {
  bool headers = false;
  bool priority = false;
  bool reply_to = false;
  bool expiration = false;
  bool user_id = false;
  bool any() const { return headers || reply_to || expiration || user_id; }
};
property_glance glance(std::string_view properties);

} // namespace troupe::amqp
