#pragma once

#include "config/read.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Says what is wrong with an expression, or nothing.
using expression_check =
  std::function<std::optional<std::string>(std::string_view)>;

/// What the check has to know besides the configuration.
struct check_options {
  std::set<std::string> classes; // the registered handler classes
  expression_check key;          // empty: keys are not looked at
  expression_check condition;
  bool is_offline = false; // then files are not looked for
};

/// Returns the faults of reading and those against the rules between keys, all
/// of them, sorted.
std::vector<fault>
check(const read_result& given, const check_options& options);

} // namespace troupe
