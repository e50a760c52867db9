#include "config/cluster_seeds.hpp"

#include "engine/base/endpoint.hpp"

#include <algorithm>

namespace troupe {

namespace {

bool is_numeric(const std::string& host) {
  return host.find_first_not_of("0123456789.") == host.npos
         || host.find(':') != host.npos;
}

} // namespace

std::string node_at(const std::string& seed) {
  auto at = parse_endpoint(seed);
  if (!at || is_numeric(at->host)) return {};
  return at->host.substr(0, at->host.find('.'));
}

std::span<const std::string>
seeds_with_etcd(const std::vector<std::string>& seeds) {
  auto most = seeds.size() < 5 ? std::size_t{3} : std::size_t{5};
  return {seeds.data(), std::min(seeds.size(), most)};
}

std::map<std::string, etcd_place_config>
etcds_at(std::span<const std::string> seeds) {
  auto made = std::map<std::string, etcd_place_config>{};
  for (const auto& seed : seeds)
    if (auto name = node_at(seed); !name.empty())
      made.emplace(name, etcd_place_config{parse_endpoint(seed)->host});
  return made;
}

} // namespace troupe
