#include "config/checking.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace troupe {

namespace {

/// Which routers a router reads, and by which of its inputs. Hash routers are
/// read by nobody here: what they publish waits in a queue.
using feeders = std::map<std::string, std::map<std::string, std::size_t>>;

feeders find_feeders(const pipeline_config& config) {
  auto out = feeders{};
  for (const auto& [name, router] : config.routers)
    for (std::size_t i = 0; i < router.inputs.size(); ++i) {
      auto from = split_output(config, router.inputs[i]).owner;
      if (config.routers.contains(from)) out[name].emplace(from, i);
    }
  return out;
}

// Takes away routers that no router of the rest feeds, over and over, so that
// circles and what they feed remain.
void peel(feeders& rest) {
  auto fed = std::map<std::string, std::vector<std::string>>{};
  auto ready = std::vector<std::string>{};
  for (const auto& [name, from] : rest)
    for (const auto& [feeder, input] : from) {
      fed[feeder].push_back(name);
      if (!rest.contains(feeder)) ready.push_back(feeder);
    }
  while (!ready.empty()) {
    auto gone = ready.back();
    ready.pop_back();
    for (const auto& name : fed[gone]) {
      auto left = rest.find(name);
      if (left == rest.end() || left->second.erase(gone) == 0) continue;
      if (!left->second.empty()) continue;
      rest.erase(left);
      ready.push_back(name);
    }
  }
}

// Goes upstream until a router comes a second time: from there on it is a
// circle, each router fed by the one after it.
std::vector<std::string> find_circle(const feeders& rest) {
  auto way = std::vector<std::string>{};
  auto seen = std::set<std::string>{};
  auto at = rest.begin()->first;
  while (seen.insert(at).second) {
    way.push_back(at);
    at = rest.at(at).begin()->first;
  }
  way.erase(way.begin(), std::ranges::find(way, at));
  return way;
}

void add_fault(
  const checking& at,
  const feeders& rest,
  const std::vector<std::string>& circle) {
  const auto& reader = circle.front();
  auto input = rest.at(reader).begin()->second;
  auto& fault = at.add_fault(
    "E0116", "messages would go round in a circle",
    "routers/" + reader + "/inputs/" + std::to_string(input));
  auto way = ticked(reader);
  for (auto next = circle.rbegin(); next != circle.rend(); ++next)
    way += " to " + ticked(*next);
  fault.label = "this closes the circle";
  fault.note = "the way is " + way;
  fault.help = "remove one of these inputs";
}

} // namespace

void check_circles(const checking& at) {
  auto rest = find_feeders(at.config);
  for (peel(rest); !rest.empty(); peel(rest)) {
    auto circle = find_circle(rest);
    add_fault(at, rest, circle);
    for (const auto& router : circle) rest.erase(router);
  }
}

} // namespace troupe
