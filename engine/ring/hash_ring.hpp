#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Places keys on members so that one member more or less moves only about
/// one key in n.
///
/// A plain value: copy it, compare it, send it in a message. The owner of a
/// key depends on the set of members alone, never on the order they joined,
/// so every node works out the same answer without asking.
class hash_ring {
public:
  /// More points share the keys more evenly and make `add` slower. Changing
  /// this moves keys: all nodes of a cluster must agree on it.
  static constexpr std::size_t points_per_member = 64;

  /// Adds a member; a member already there changes nothing.
  void add(const std::string& member);

  /// Removes a member. Only keys it owned move.
  void remove(const std::string& member);

  /// Returns the owner of `key`, or nothing while the ring is empty. The view
  /// is good until the next `add` or `remove`.
  std::optional<std::string_view> owner(std::string_view key) const;

  /// Returns all members in the order in which the ring passes them from `key`
  /// on: its owner first, then who would own it if those before were gone. The
  /// views are good until the next `add` or `remove`.
  std::vector<std::string_view> walk(std::string_view key) const;

  bool operator==(const hash_ring&) const = default;

private:
  struct point {
    std::uint64_t at;
    std::string member;
    auto operator<=>(const point&) const = default;
  };

  /// Returns the point that `key` belongs to; there must be one.
  std::size_t first_point(std::string_view key) const;

  std::vector<point> points_; // sorted; equal places fall to the lesser name
};

} // namespace troupe
