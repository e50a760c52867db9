#include "config/resolve.hpp"

#include <algorithm>

namespace troupe {

namespace {

using kind = resolved::kind;

bool owns_outputs(const pipeline_config& config, const std::string& name) {
  return config.handlers.contains(name) || config.routers.contains(name);
}

resolved resolve_router_output(
  const router_config& router,
  const std::string& own,
  const std::string& name) {
  const auto* rule = std::get_if<match_router>(&router.rule);
  if (rule == nullptr) return {kind::unknown_output, name};
  auto names = route_names(*rule);
  auto is_known = std::ranges::find(names, own) != names.end();
  return {is_known ? kind::output : kind::unknown_output, name};
}

resolved resolve_router(const router_config& router) {
  if (const auto* rule = std::get_if<hash_router>(&router.rule))
    return {kind::queue, rule->queue};
  return {kind::no_output_name, router.name};
}

resolved
resolve_output(const pipeline_config& config, const std::string& name) {
  if (config.sources.contains(name)) return {kind::output, name};
  if (auto found = config.routers.find(name); found != config.routers.end())
    return resolve_router(found->second);
  if (config.handlers.contains(name)) return {kind::output, name};
  auto [owner, own] = split_output(config, name);
  if (auto found = config.routers.find(owner); found != config.routers.end())
    return resolve_router_output(found->second, own, name);
  if (owner.empty())
    return {config.sinks.contains(name) ? kind::sink : kind::unknown, name};
  return {own == "in" ? kind::own_queue : kind::output, name};
}

} // namespace

output_name split_output(const pipeline_config& config, std::string_view name) {
  // The longest name wins, should one component's name start another's.
  for (auto dot = name.rfind('.'); dot != name.npos && dot > 0;
       dot = name.rfind('.', dot - 1)) {
    auto owner = std::string{name.substr(0, dot)};
    if (dot + 1 < name.size() && owns_outputs(config, owner))
      return {owner, std::string{name.substr(dot + 1)}};
  }
  return {};
}

resolved resolve_input(const pipeline_config& config, const std::string& name) {
  if (config.queues.contains(name)) return {kind::queue, name};
  return resolve_output(config, name);
}

resolved resolve_feed(const pipeline_config& config, const std::string& name) {
  auto output = resolve_output(config, name);
  if (output.what != kind::output && config.queues.contains(name))
    return {kind::queue, name};
  return output;
}

std::vector<std::string> route_names(const match_router& rule) {
  auto out = std::vector<std::string>{};
  for (const auto& route : rule.routes) out.push_back(route.output);
  auto rest = rule.unmatched == "reject" ? "dead" : rule.unmatched;
  if (rest != "drop" && std::ranges::find(out, rest) == out.end())
    out.push_back(rest);
  return out;
}

} // namespace troupe
