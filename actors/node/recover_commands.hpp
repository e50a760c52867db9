#pragma once

#include "actors/node/recover_files.hpp"
#include "engine/store/log_store.hpp"

#include <boost/json/object.hpp>

#include <filesystem>
#include <string>

namespace troupe {

struct command_line;

// -- subcommands; each returns the exit code

int recover_survey_command(const command_line& line);
int recover_plan_command(const command_line& line);
int recover_write_command(const command_line& line);
int recover_apply_command(const command_line& line);

// -- what they are made of

/// Reads what a store has. Fails with `refused` where it was in no cluster.
result<cluster::store_survey> survey(const log_store& store);

/// Reads a file that another command wrote, of at most
/// `most_recovery_bytes`. Fails with `not_found` or `bad_input`.
result<std::string> read_text(const std::filesystem::path& file);

/// Returns a plan as it is shown: what is done with each group, and what may
/// be lost.
boost::json::object describe(
  const cluster::recovery_plan& plan,
  const std::vector<cluster::store_survey>& surveys);
std::string recovery_plan_text(const boost::json::object& plan);

/// Makes the recovery of a plan: the cluster `name`, under an id.
recovery recovery_of(
  const cluster::recovery_plan& plan,
  std::vector<cluster::store_survey> surveys,
  std::string name,
  std::string cluster_id);

/// Says whether a store may be one of the recovered cluster: as it was when it
/// was surveyed, or with nothing in it. Fails with `refused`.
result<> check_store(
  const recovery& what, const log_store& store, const std::string& member);

/// Moves what an etcd of the old cluster left in a data folder aside. Fails
/// with `in_use` where it runs, or with `storage_failed`.
result<> set_etcd_aside(const std::filesystem::path& data_dir);

} // namespace troupe
