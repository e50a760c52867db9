#pragma once

#include "engine/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// Where something listens or connects to.
struct endpoint {
  std::string host;       // a name or an address, without brackets
  std::uint16_t port = 0; // 0: the system chooses
  bool operator==(const endpoint&) const = default;
};

/// Reads "host:port" or "[ipv6]:port". Whether the host exists is not looked
/// at. Fails with `bad_config`.
result<endpoint> parse_endpoint(std::string_view text);

/// Returns "host:port", with brackets around an IPv6 address.
std::string to_string(const endpoint& at);

} // namespace troupe
