#include "actors/fatal.hpp"
#include "actors/node/command_line.hpp"
#include "actors/node/configuration.hpp"
#include "actors/node/version.hpp"
#include "config/effective.hpp"
#include "config/fault_ids.hpp"
#include "config/graph.hpp"

#include <boost/json.hpp>

#include <iostream>

namespace troupe {

int validate_command(const command_line& line) {
  auto files = files_of(line);
  if (files.empty()) {
    std::cerr << "error: nothing to check; name a file with -c FILE\n";
    return exit_usage;
  }
  auto found = check_configuration(line);
  if (line.format == "json") {
    std::cout << to_json(found.faults) << '\n';
  } else {
    auto names = std::vector<std::string>{};
    for (const auto& x : files) names.push_back(x.string());
    if (found.faults.empty())
      std::cout << "√ " << names.front() << ": no faults\n";
    else
      std::cerr << to_text(found.faults, names);
  }
  if (has_errors(found.faults)) return exit_code_of_faults(line);
  return line.deny_warnings && !found.faults.empty() ? exit_config : 0;
}

int graph_command(const command_line& line) {
  auto loaded = load_configuration(line);
  if (!loaded) return exit_code_of_faults(line);
  auto draw = line.format == "dot" ? dot : mermaid;
  std::cout << draw(loaded->config, loaded->plan);
  return 0;
}

int show_config_command(const command_line& line) {
  auto loaded = load_configuration(line);
  if (!loaded) return exit_code_of_faults(line);
  std::cout << effective(loaded->config);
  return 0;
}

int explain_command(const command_line& line) {
  auto* found = find_fault_kind(line.topic);
  if (!found) {
    std::cerr << "error: there is no fault " << line.topic << '\n';
    return exit_usage;
  }
  std::cout << found->id << ": " << found->title << "\n\n"
            << found->text << '\n';
  return 0;
}

int version_command(const command_line& line) {
  if (line.as_json)
    std::cout << boost::json::serialize(
      boost::json::object{{"version", version}})
              << '\n';
  else
    std::cout << "troupe " << version << '\n';
  return 0;
}

} // namespace troupe
