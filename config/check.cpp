#include "config/check.hpp"

#include "config/checking.hpp"
#include "config/nearest.hpp"

#include <algorithm>

namespace troupe {

namespace {

// "routers/shard" as a remark shows it: "router, line 60".
std::string described(const std::string& path, const place& where) {
  auto section = path.substr(0, path.find('/'));
  section.pop_back(); // its plural s
  if (where.line == 0) return section;
  return section + ", line " + std::to_string(where.line);
}

} // namespace

std::string ticked(const std::string& name) { return "`" + name + "`"; }

fault& checking::add_fault(
  const std::string& id,
  const std::string& message,
  const std::string& path) const {
  return faults.emplace_back(make_fault(id, message, places.find(path)));
}

bool checking::has_fault_at(const std::string& path) const {
  if (!places.contains(path)) return false;
  auto where = places.find(path);
  return std::ranges::any_of(
    faults, [&](const fault& x) { return x.where == where; });
}

std::string checking::did_you_mean(
  const std::string& name, const std::vector<std::string>& paths) const {
  auto names = std::vector<std::string>{};
  for (const auto& path : paths)
    names.push_back(path.substr(path.find('/') + 1));
  auto meant = nearest(name, names);
  if (meant.empty()) return {};
  for (const auto& path : paths)
    if (path.ends_with("/" + meant))
      return "did you mean " + ticked(meant) + " ("
             + described(path, places.find(path)) + ")?";
  return {};
}

std::vector<fault>
check(const read_result& given, const check_options& options) {
  auto faults = given.faults;
  const auto at = checking{given.config, given.places, options, faults};
  check_names(at);
  check_inputs(at);
  check_circles(at);
  check_queues(at);
  check_values(at);
  check_amqp(at);
  check_access(at);
  check_cluster(at);
  check_seeds(at);
  // Warnings about parts that could not be read would only mislead.
  if (!has_errors(faults)) check_use(at);
  sort_faults(faults);
  return faults;
}

} // namespace troupe
