#pragma once

#include "actors/node/command_line.hpp"
#include "config/fault.hpp"
#include "config/pipeline.hpp"
#include "config/plan.hpp"

#include <filesystem>
#include <optional>
#include <vector>

namespace troupe {

/// A configuration without errors, and what follows from it.
struct checked_config {
  pipeline_config config;
  troupe::plan plan;
};

/// Returns the files of -c, then those in the folders of -C by name.
std::vector<std::filesystem::path> files_of(const command_line& line);

/// A configuration with whatever is wrong with it.
struct read_config_result {
  pipeline_config config;
  std::vector<fault> faults;
};
read_config_result check_configuration(const command_line& line);

/// Reads and checks what the command line names. Prints every fault to
/// standard error; nothing where one of them is an error.
std::optional<checked_config> load_configuration(const command_line& line);

/// Returns the exit code for a configuration that cannot be used: where a file
/// given with -c is not there, the command line is to blame.
int exit_code_of_faults(const command_line& line);

/// Returns the data folder the command line means. Prints why there is none.
std::optional<std::filesystem::path> data_dir_of(const command_line& line);

} // namespace troupe
