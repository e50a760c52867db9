#pragma once

#include "config/fault.hpp"
#include "config/toml.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The text of one file, cut into lines, so that faults can quote it. The text
/// must outlive it.
class source_text {
public:
  source_text(std::string file, std::string_view text);

  place at(const toml::source_region& region) const;
  const std::string& file() const { return file_; }

private:
  std::string file_;
  std::vector<std::string_view> lines_;
};

} // namespace troupe
