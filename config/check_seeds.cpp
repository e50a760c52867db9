#include "config/checking.hpp"
#include "config/cluster_seeds.hpp"

// Seeds that have to say which nodes run an etcd.

namespace troupe {

namespace {

// Whether nothing says it, not even badly.
bool lacks_etcds(const checking& at, const cluster_config& cluster) {
  auto is_table =
    at.places.contains("cluster/name") || at.has_fault_at("cluster");
  return is_table && cluster.seeds.empty() && !at.has_fault_at("cluster/seeds")
         && !at.has_fault_at("cluster/coordinator")
         && !at.has_fault_at("cluster/etcd");
}

void no_etcd(const checking& at) {
  auto& fault = at.add_fault(
    "E0103", "[cluster] has no `seeds` that say who runs its etcd",
    at.places.contains("cluster/etcd") ? "cluster/etcd" : "cluster");
  fault.label = "add `seeds` to [cluster]";
  fault.help = "name the first three nodes, as in seeds = [\"n1.lan:25680\", "
               "\"n2.lan:25680\", \"n3.lan:25680\"], or those that run an "
               "etcd under [cluster.etcd.members]";
}

void bad_seed(
  const checking& at,
  std::size_t number,
  const std::string& message,
  const std::string& label) {
  auto& fault =
    at.add_fault("E0145", message, "cluster/seeds/" + std::to_string(number));
  fault.label = label;
  fault.help = "write the node's name first, as in `n1.lan:25680` for the node "
               "`n1`, or name the nodes that run an etcd under "
               "[cluster.etcd.members]";
}

// A node that the others take for another would run no etcd.
void check_own_seed(
  const checking& at, const cluster_config& cluster, const std::string& seed) {
  auto is_here = seed == cluster.advertise || seed == cluster.listen;
  if (!is_here || node_at(seed) == at.config.node.name) return;
  auto& fault = at.add_fault(
    "E0145",
    "this node is at the seed " + ticked(seed) + " and is called "
      + ticked(at.config.node.name),
    "node/name");
  fault.label = "the others call it " + ticked(node_at(seed));
  fault.help = "let `node.name` be what the seed begins with, or name the "
               "nodes that run an etcd under [cluster.etcd.members]";
}

void check_all(const checking& at, const cluster_config& cluster) {
  auto seen = std::map<std::string, std::string>{};
  auto all = seeds_with_etcd(cluster.seeds);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (at.has_fault_at("cluster/seeds/" + std::to_string(i))) continue;
    auto name = node_at(all[i]);
    auto [first, is_new] = seen.emplace(name, all[i]);
    if (name.empty())
      bad_seed(
        at, i, ticked(all[i]) + " does not say which node is there",
        "an address, no name");
    else if (!is_new)
      bad_seed(
        at, i,
        ticked(all[i]) + " and " + ticked(first->second) + " are both the node "
          + ticked(name),
        "a second one");
    else
      check_own_seed(at, cluster, all[i]);
  }
}

} // namespace

void check_seeds(const checking& at) {
  const auto& cluster = at.config.cluster;
  auto are_to_say =
    cluster && std::holds_alternative<managed_etcd_config>(cluster->etcd)
    && !at.places.contains("cluster/etcd/members");
  if (!are_to_say) return;
  if (lacks_etcds(at, *cluster)) return no_etcd(at);
  check_all(at, *cluster);
}

} // namespace troupe
