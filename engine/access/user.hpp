#pragma once

#include "engine/access/name_pattern.hpp"
#include "engine/access/password_hash.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace troupe {

/// What a right is asked for: configure declares and deletes, write publishes
/// to exchanges and binds queues, read consumes and binds exchanges.
enum class access_right : std::uint8_t { configure, write, read };

std::string_view to_string(access_right right);

/// What a user may do in one vhost.
struct vhost_rights {
  name_pattern configure;
  name_pattern write;
  name_pattern read;
  bool operator==(const vhost_rights&) const = default;

  /// Compiles three expressions. Fails with `bad_config`.
  static result<vhost_rights> parse(
    std::string_view configure, std::string_view write, std::string_view read);

  /// Returns whether a queue or an exchange of this name may be used so. The
  /// default exchange, which has no name, goes by "amq.default" here.
  bool allow(access_right right, std::string_view name) const;
};

struct user {
  std::string name;
  /// None for a user whom only a certificate lets in.
  std::optional<troupe::password_hash> password_hash;
  std::set<std::string, std::less<>> tags; // "administrator", "impersonator"
  std::map<std::string, vhost_rights, std::less<>> rights; // by vhost
  bool may_login_remotely = true; // else only from this machine
  bool operator==(const user&) const = default;

  bool has_tag(std::string_view tag) const { return tags.contains(tag); }

  /// Returns the rights in a vhost, or nullptr where the user may not enter.
  const vhost_rights* rights_in(std::string_view vhost) const;

  /// Returns whether the user may do this with the queue or exchange `of` the
  /// vhost.
  bool
  may(access_right right, std::string_view vhost, std::string_view of) const;
};

} // namespace troupe
