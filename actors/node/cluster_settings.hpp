#pragma once

#include "config/pipeline.hpp"
#include "engine/coordinator/etcd_coordinator.hpp"
#include "engine/coordinator/managed_etcd.hpp"

#include <optional>

// What the configuration of a member comes to. It has a [cluster] and has been
// checked.

namespace troupe {

/// Returns the etcd that this node runs beside itself, or nothing where it is
/// to run none.
std::optional<managed_etcd_options> own_etcd(const pipeline_config& config);

/// Returns where this node asks the coordinator: all of its members, the
/// node's own first.
etcd_options asked_etcd(const pipeline_config& config);

/// Returns where other members reach this one, which listens at `bound`.
endpoint advertised(const cluster_config& cluster, const endpoint& bound);

} // namespace troupe
