#pragma once

#include "engine/base/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// The versions of the members' protocol that this program speaks.
constexpr std::uint16_t oldest_link_protocol = 1;
constexpr std::uint16_t newest_link_protocol = 1;

/// Who a member is: what it says of itself when it connects or answers.
struct member_identity {
  std::string cluster; // its name
  std::string member;
  std::string store_id;          // of the folder it runs on
  std::uint64_t incarnation = 0; // how often it was started on that folder
  bool operator==(const member_identity&) const = default;
};

struct link_hello {
  std::uint16_t oldest = oldest_link_protocol;
  std::uint16_t newest = newest_link_protocol;
  member_identity from;
  std::string to; // the member it wants to reach; empty: whoever is there
  bool operator==(const link_hello&) const = default;
};

struct link_welcome {
  std::uint16_t protocol = newest_link_protocol;
  member_identity from;
  std::uint64_t credit = 0; // bytes of messages that may come
  bool operator==(const link_welcome&) const = default;
};

std::string encode(const link_hello& hello);
std::string encode(const link_welcome& welcome);

/// Read what `encode` wrote, and what a later version added behind it. Safe
/// for any bytes: fail with `corrupt`.
result<link_hello> decode_hello(std::string_view payload);
result<link_welcome> decode_welcome(std::string_view payload);

/// What a member knows when another one greets it.
struct admission {
  member_identity self;
  /// The store of each member as it is registered; where there are any, others
  /// are not let in.
  std::map<std::string, std::string> stores;
  /// The common name of the certificate that the other end showed; none where
  /// the link is not encrypted.
  std::optional<std::string> certificate;
};

/// Returns why whoever says `hello` is not to be let in, a sentence for both
/// ends' logs; nothing where it may come.
std::optional<std::string>
find_fault(const link_hello& hello, const admission& with);

/// The same for who connected, of the answer: it wanted to reach `to`.
std::optional<std::string> find_fault(
  const link_welcome& welcome, const std::string& to, const admission& with);

} // namespace troupe
