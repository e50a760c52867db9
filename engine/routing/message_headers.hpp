#pragma once

#include "engine/base/clock.hpp"
#include "engine/routing/plain_value.hpp"

#include <troupe/message.hpp>

#include <optional>
#include <string_view>
#include <vector>

// What exchanges read from a message's headers. Views are into the message; a
// damaged table is read up to its damage.

namespace troupe {

struct seen_header {
  std::string_view name;
  plain_value value;
};

/// Puts all headers into `to`, by name; of equal names the first comes first.
void read_headers(const message& of, std::vector<seen_header>& to);

/// Puts the keys a message is routed by into `to`: its own, then those of its
/// headers CC and BCC. Returns the name of the one that is not an array, which
/// is to be refused (406), or nothing.
std::string_view
read_routing_keys(const message& of, std::vector<std::string_view>& to);

/// Says whether CC or BCC name further keys: then a route by exchange and
/// routing key alone would not do.
bool has_further_keys(const message& of);

constexpr auto most_delay = duration{std::chrono::hours{24 * 365 * 10}};

/// Returns how long a delayed exchange holds the message back, at most
/// `most_delay`: its header `x-delay`, in milliseconds, an integer of whatever
/// width or its text. Nothing where it is absent, negative or zero.
std::optional<duration> delay_of(const message& of);

/// Says whether an exchange with a history may keep the message: unless its
/// header `x-recent-history-no-store` is true, as RabbitMQ's plug-in has it.
bool may_be_kept(const message& of);

} // namespace troupe
