#pragma once

#include "engine/access/user_table.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe {

/// Where a login comes from.
enum class login_origin : std::uint8_t { this_machine, elsewhere };

/// Checks names and passwords. A password that was right once is known again
/// by a keyed fast hash, one a user, so that clients that come back do not
/// cost the slow one each time. Any thread may ask; a slow check holds nobody
/// else up.
class login_check {
public:
  explicit login_check(std::shared_ptr<const user_table> users);

  /// Returns who it is. Fails with `refused`; the error's text is for the log
  /// and not for the client, whom it would tell which users exist. Takes as
  /// long for users that do not exist.
  result<std::shared_ptr<const user>>
  check(std::string_view name, std::string_view password, login_origin from);

  /// Returns who it is where something else has proved it, as a client's
  /// certificate does. Fails like `check`.
  result<std::shared_ptr<const user>>
  accept(std::string_view name, login_origin from) const;

  /// Takes other users from now on and forgets every password.
  void replace(std::shared_ptr<const user_table> users);

  std::shared_ptr<const user_table> users() const;

private:
  using print = std::array<unsigned char, 32>;

  std::optional<print>
  print_of(std::string_view name, std::string_view password) const;
  bool is_known(std::string_view name, const print& seen) const;
  void remember(
    const std::shared_ptr<const user_table>& users,
    std::string_view name,
    const print& seen);

  std::array<unsigned char, 32> key_{}; // random, not changed
  bool has_key_ = false;
  mutable std::mutex mutex_; // guards what follows
  std::shared_ptr<const user_table> users_;
  std::unordered_map<std::string, print> known_; // only names in `users_`
};

} // namespace troupe
