#include "actors/node/configuration.hpp"

#include "actors/fatal.hpp"
#include "config/check.hpp"
#include "engine/routing/condition.hpp"
#include "engine/routing/key_expression.hpp"

#include <algorithm>
#include <iostream>

namespace troupe {

namespace {

/// Says what is wrong with an expression, by trying to parse it.
template <class Expression>
std::optional<std::string> try_parse(std::string_view text) {
  auto parsed = Expression::parse(text);
  if (parsed) return std::nullopt;
  return parsed.error().detail;
}

check_options options_of(const command_line& line) {
  auto options = check_options{};
  for (const auto& [name, factory] : line.handlers->all())
    options.classes.insert(name);
  options.key = try_parse<key_expression>;
  options.condition = try_parse<condition>;
  options.is_offline = line.is_offline;
  return options;
}

} // namespace

std::vector<std::filesystem::path> files_of(const command_line& line) {
  auto files = line.files;
  for (const auto& folder : line.folders) {
    auto found = std::vector<std::filesystem::path>{};
    auto ec = std::error_code{};
    for (const auto& x : std::filesystem::directory_iterator{folder, ec})
      if (x.path().extension() == ".toml") found.push_back(x.path());
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

read_config_result check_configuration(const command_line& line) {
  auto read = read_config(files_of(line));
  auto faults = check(read, options_of(line));
  return {std::move(read.config), std::move(faults)};
}

std::optional<checked_config> load_configuration(const command_line& line) {
  auto files = files_of(line);
  if (files.empty()) {
    std::cerr << "error: no configuration; name one with -c FILE\n";
    return std::nullopt;
  }
  auto found = check_configuration(line);
  auto names = std::vector<std::string>{};
  for (const auto& x : files) names.push_back(x.string());
  if (!found.faults.empty()) std::cerr << to_text(found.faults, names);
  if (has_errors(found.faults)) return std::nullopt;
  auto plan = make_plan(found.config);
  return checked_config{std::move(found.config), std::move(plan)};
}

int exit_code_of_faults(const command_line& line) {
  auto files = files_of(line);
  if (files.empty()) return exit_usage;
  for (const auto& file : files)
    if (!std::filesystem::exists(file)) return exit_no_input;
  return exit_config;
}

std::optional<std::filesystem::path> data_dir_of(const command_line& line) {
  if (!line.data_dir.empty()) return line.data_dir;
  if (files_of(line).empty()) {
    std::cerr << "error: which node? Say -c FILE or --data-dir DIR\n";
    return std::nullopt;
  }
  // A fault elsewhere is no reason not to answer questions about the node.
  auto found = check_configuration(line);
  auto is_fatal = [](const fault& x) {
    return x.level == fault::severity::error && x.where.line == 0;
  };
  if (!std::ranges::any_of(found.faults, is_fatal))
    return found.config.node.data_dir;
  std::cerr << to_text(found.faults, {});
  return std::nullopt;
}

} // namespace troupe
