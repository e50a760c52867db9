#include "config/checking.hpp"

namespace troupe {

namespace {

/// Says that one component has the name of another.
void clash(
  const checking& at, const std::string& path, const std::string& other) {
  auto name = path.substr(path.find('/') + 1);
  auto first = at.places.find(other);
  auto& fault =
    at.add_fault("E0106", ticked(name) + " names two components", path);
  fault.label = "the name is taken";
  fault.note = "the other is a " + other.substr(0, other.find('/') - 1) + " in "
               + first.file + ", line " + std::to_string(first.line);
  fault.help = "rename one of them";
}

bool is_queue_of(const pipeline_config& config, const std::string& router) {
  auto found = config.routers.find(router);
  if (found == config.routers.end()) return false;
  const auto* rule = std::get_if<hash_router>(&found->second.rule);
  return rule != nullptr && rule->queue == router;
}

// Readers find queues, sources, routers and handlers by name alone.
void check_readable(const checking& at) {
  for (const auto& [name, source] : at.config.sources) {
    if (at.config.queues.contains(name))
      clash(at, "sources/" + name, "queues/" + name);
    if (at.config.routers.contains(name))
      clash(at, "routers/" + name, "sources/" + name);
    if (at.config.handlers.contains(name))
      clash(at, "handlers/" + name, "sources/" + name);
  }
  for (const auto& [name, router] : at.config.routers) {
    if (at.config.queues.contains(name) && !is_queue_of(at.config, name))
      clash(at, "routers/" + name, "queues/" + name);
    if (at.config.handlers.contains(name))
      clash(at, "handlers/" + name, "routers/" + name);
  }
  for (const auto& [name, handler] : at.config.handlers)
    if (at.config.queues.contains(name))
      clash(at, "handlers/" + name, "queues/" + name);
}

// A handler and a sink of one name would share the queue `name.in`.
void check_sinks(const checking& at) {
  for (const auto& [name, sink] : at.config.sinks)
    if (at.config.handlers.contains(name))
      clash(at, "sinks/" + name, "handlers/" + name);
}

std::string owner_path(const checking& at, const std::string& name) {
  auto owner = split_output(at.config, name).owner;
  if (owner.empty()) return {};
  auto is_handler = at.config.handlers.contains(owner);
  return (is_handler ? "handlers/" : "routers/") + owner;
}

// The name `charge.alerts` belongs to an output once there is a `charge`.
template <class Component>
void check_outputs(
  const checking& at,
  const std::string& section,
  const std::map<std::string, Component>& components) {
  for (const auto& [name, component] : components)
    if (auto owner = owner_path(at, name); !owner.empty())
      clash(at, section + "/" + name, owner);
}

} // namespace

void check_names(const checking& at) {
  check_readable(at);
  check_sinks(at);
  check_outputs(at, "sources", at.config.sources);
  check_outputs(at, "routers", at.config.routers);
  check_outputs(at, "handlers", at.config.handlers);
}

} // namespace troupe
