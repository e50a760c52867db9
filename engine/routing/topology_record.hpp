#pragma once

#include "engine/base/result.hpp"
#include "engine/routing/binding.hpp"
#include "engine/routing/declarations.hpp"
#include "engine/routing/new_queue.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

// The topology's things as keys and values that mean nothing to whoever keeps
// them: a store those that outlive the process, other members all of them.

namespace troupe {

/// A change to keep. Each thing has one key within its vhost.
struct topology_record {
  std::string vhost;
  std::string key;
  std::optional<std::string> value; // none: erase
  bool operator==(const topology_record&) const = default;
};

struct vhost_exists {};

using stored_thing =
  std::variant<vhost_exists, exchange_declaration, stored_queue, binding>;

/// Returns the key of a vhost's thing; queues by their name.
std::string record_key(const stored_thing& thing);

/// Returns the record of a durable thing.
topology_record keeping(const std::string& vhost, const stored_thing& thing);

/// Returns the record of a thing in memory: not durable, or exclusive to a
/// connection. Never stored.
topology_record sharing(const std::string& vhost, const stored_thing& thing);

topology_record erasing(const std::string& vhost, const stored_thing& thing);

/// Says whether `sharing` made this.
bool is_in_memory(const topology_record& record);

/// Reads a value; what `keeping` wrote comes back durable. Fails with
/// `newer_format`, or `corrupt` where value and key do not fit. Safe for any
/// bytes.
result<stored_thing> read_record(std::string_view key, std::string_view value);

} // namespace troupe
