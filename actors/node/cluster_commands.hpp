#pragma once

#include <boost/json/object.hpp>

#include <string>

namespace troupe {

struct command_line;

// What a node answered about its cluster (actors/cluster_control.hpp), as a
// terminal shows it.

std::string cluster_status_text(const boost::json::object& answer);
std::string cluster_ring_text(const boost::json::object& answer);
std::string cluster_plan_text(const boost::json::object& answer);

// One function a subcommand; each returns the exit code.
int cluster_status_command(const command_line& line);
int cluster_join_command(const command_line& line);
int cluster_drain_command(const command_line& line);
int cluster_remove_command(const command_line& line);
int cluster_rebalance_command(const command_line& line);
int cluster_replicas_command(const command_line& line);
int cluster_ring_show_command(const command_line& line);
int cluster_ring_plan_command(const command_line& line);

} // namespace troupe
