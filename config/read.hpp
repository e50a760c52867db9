#pragma once

#include "config/fault.hpp"
#include "config/pipeline.hpp"
#include "config/place_map.hpp"
#include "config/variables.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace troupe {

/// A configuration as far as it could be read. With faults in it, it is good
/// for finding more of them and for nothing else.
struct read_result {
  pipeline_config config;
  std::vector<fault> faults; // sorted
  place_map places;
};

/// The text of one file and the name that faults show for it.
struct named_text {
  std::string file;
  std::string text;
};

/// Reads TOML files that make up one configuration. Never fails otherwise than
/// by faults in the result.
read_result read_config(
  const std::vector<std::filesystem::path>& files,
  const environment& lookup = process_environment);

/// Does the same with texts already at hand.
read_result
read_texts(const std::vector<named_text>& texts, const environment& lookup);

} // namespace troupe
