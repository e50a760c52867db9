#pragma once

#include "engine/base/result.hpp"
#include "engine/cluster/choose_leader.hpp"

#include <string>
#include <string_view>
#include <variant>

// What members tell each other for the controller: hints, which may be lost.

namespace troupe {

/// Asks for the end of a group's log.
struct end_asked {
  group_id group{};
  bool operator==(const end_asked&) const = default;
};

struct end_told {
  group_id group{};
  cluster::log_answer what;
  bool operator==(const end_told&) const = default;
};

/// Tells a leader to give its group away.
struct move_asked {
  group_id group{};
  cluster::member_id to{};
  bool operator==(const move_asked&) const = default;
};

struct leader_asked {
  group_id group{};
  cluster::epoch_number epoch = 0;
  bool operator==(const leader_asked&) const = default;
};

struct unreachable_told {
  cluster::member_id about{};
  bool operator==(const unreachable_told&) const = default;
};

using controller_hint =
  std::variant<end_asked, end_told, move_asked, leader_asked, unreachable_told>;

/// Lays a hint out as JSON.
std::string encode(const controller_hint& what);

/// Reads what `encode` wrote. Safe for any bytes: fails with `corrupt`.
result<controller_hint> decode_hint(std::string_view bytes);

} // namespace troupe
