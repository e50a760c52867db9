#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// Returns the value of an environment variable, or nothing if it is not set.
using environment =
  std::function<std::optional<std::string>(const std::string& name)>;

/// Looks into the environment of the process.
std::optional<std::string> process_environment(const std::string& name);

/// A text after replacement, or what is wrong with it.
struct replaced {
  std::string text;
  std::string fault_id; // empty: nothing is wrong
  std::string fault;
};

/// Replaces `${VAR}`, `${VAR:-default}` and `${VAR:?message}`. `$${` gives
/// `${` itself. Values are not looked into again.
replaced replace_variables(std::string_view text, const environment& lookup);

/// Writes a text so that `replace_variables` gives it back.
std::string escape_variables(std::string_view text);

} // namespace troupe
