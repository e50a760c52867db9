#pragma once

#include "config/cluster_config.hpp"

#include <map>
#include <span>
#include <string>
#include <vector>

// What the addresses of members say of the nodes that run an etcd.

namespace troupe {

/// Returns the name of the node at `seed`, a name and a port: what comes before
/// the first dot, as machines and pods are called. Empty for an address, which
/// says no name.
std::string node_at(const std::string& seed);

/// Returns those whose nodes run an etcd where no others are named: the first
/// five; of fewer than five the first three.
std::span<const std::string>
seeds_with_etcd(const std::vector<std::string>& seeds);

/// Returns where these run, by the nodes' names, at the usual ports. Seeds that
/// say no name are left out.
std::map<std::string, etcd_place_config>
etcds_at(std::span<const std::string> seeds);

} // namespace troupe
