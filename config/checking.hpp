#pragma once

#include "config/check.hpp"
#include "config/resolve.hpp"

#include <string>
#include <vector>

namespace troupe {

/// What the rules share: what they look at and where their faults go. A rule
/// looks at one thing and adds every fault it finds.
struct checking {
  const pipeline_config& config;
  const place_map& places;
  const check_options& options;
  std::vector<fault>& faults;

  /// Adds a fault at a path such as "handlers/charge/inputs/0" and returns it,
  /// so that the rule can add label and help.
  fault& add_fault(
    const std::string& id,
    const std::string& message,
    const std::string& path) const;

  /// Returns whether something was found at the place of a path that is there.
  bool has_fault_at(const std::string& path) const;

  /// Returns whether a hint at a name is still worth the search: nobody reads
  /// hints by the hundred.
  bool gives_hints() const { return faults.size() < 100; }

  /// Returns "did you mean ...?" with the place of what is meant; `paths` are
  /// the paths of all that could be, such as "routers/shard".
  std::string did_you_mean(
    const std::string& name, const std::vector<std::string>& paths) const;
};

/// Puts a name between backticks.
std::string ticked(const std::string& name);

/// Returns the paths of all components in a section: "queues/orders".
template <class Component>
void add_paths(
  std::vector<std::string>& out,
  const std::string& section,
  const std::map<std::string, Component>& components) {
  for (const auto& [name, component] : components)
    out.push_back(section + "/" + name);
}

void check_names(const checking& at);
void check_inputs(const checking& at);
void check_circles(const checking& at);
void check_queues(const checking& at);
void check_values(const checking& at);
void check_amqp(const checking& at);   // servers, and who listens where
void check_access(const checking& at); // users and vhosts
void check_cluster(const checking& at);
void check_seeds(const checking& at); // after check_cluster
void check_use(const checking& at);   // what nobody reads

} // namespace troupe
