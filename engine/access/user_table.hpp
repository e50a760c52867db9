#pragma once

#include "engine/access/user.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace troupe {

/// All users at one time. Not changed once made: a new configuration is a new
/// table.
class user_table {
public:
  /// Knows nobody.
  user_table() = default;

  /// Of two users of one name the first stays.
  explicit user_table(std::vector<user> users);

  /// Returns the user, good as long as the table, or nullptr.
  const user* find(std::string_view name) const;

  /// Returns the iterations that the dearest hash costs.
  std::uint32_t most_costly() const { return most_costly_; }

  std::size_t size() const { return users_.size(); }
  bool operator==(const user_table&) const = default;

private:
  std::map<std::string, user, std::less<>> users_;
  std::uint32_t most_costly_ = default_iterations;
};

/// Returns the table of a node that says nothing of users: `guest` with the
/// password "guest", an administrator with all rights in "/", who can only log
/// in from the same machine.
std::shared_ptr<const user_table> default_users();

} // namespace troupe
