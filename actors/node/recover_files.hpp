#pragma once

#include "actors/cluster/registration.hpp"
#include "engine/base/result.hpp"
#include "engine/cluster/recovery_plan.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What `troupe recover` hands from one machine to another, as JSON. Readers
// take any text.

namespace troupe {

/// Bytes of a file that is read.
constexpr std::size_t most_recovery_bytes = 4 * 1024 * 1024;

/// A cluster to be made from the stores of another one.
struct recovery {
  std::string cluster;
  std::string cluster_id;
  std::uint32_t replicas = 0;
  std::vector<cluster::group_record> groups;  // all, by number
  std::vector<cluster::store_survey> surveys; // of the stores it is made from
  bool operator==(const recovery&) const = default;
};

/// One line, without its end.
std::string to_json(const cluster::store_survey& survey);
std::string to_json(const recovery& what);

/// Fail with `bad_input`; `from` names the text, for the error.
result<cluster::store_survey>
parse_survey(std::string_view text, const std::string& from);
result<recovery> parse_recovery(std::string_view text, const std::string& from);

/// Returns what the cluster is registered with; its members are those of the
/// surveys, until they say more themselves.
first_records first_records_of(const recovery& what);

} // namespace troupe
