#include "config/checking.hpp"
#include "config/cluster_seeds.hpp"
#include "engine/base/endpoint.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::size_t longest_cluster_name = 255;
constexpr std::size_t most_etcds = 5;

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// 0.0.0.0, [::] and other ways to write them.
bool is_wildcard(const std::string& host) {
  return host.find_first_not_of("0.:") == std::string::npos;
}

bool is_reachable(const endpoint& at) {
  return at.port != 0 && !is_wildcard(at.host);
}

bool is_address(const std::string& text) {
  auto read = parse_endpoint(text);
  return read && is_reachable(*read);
}

// A host alone; an IPv6 address has at least two colons, a port one.
bool is_host(const std::string& text) {
  auto read = parse_endpoint(to_string(endpoint{text, 1}));
  return read && is_reachable(*read) && std::ranges::count(text, ':') != 1;
}

bool is_far(const std::string& address) {
  auto read = parse_endpoint(address);
  return read && !is_loopback(read->host);
}

// -- names

// What says who runs an etcd.
std::string etcds_path(const checking& at) {
  auto named = std::string{"cluster/etcd/members"};
  return at.places.contains(named) ? named : "cluster/seeds";
}

void check_name(
  const checking& at, const std::string& name, const std::string& path) {
  auto is_good = name.size() <= longest_cluster_name
                 && std::ranges::all_of(name, [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                             || (c >= '0' && c <= '9') || c == '-' || c == '_'
                             || c == '.';
                    });
  if (is_good) return;
  auto& fault = at.add_fault(
    "E0142", ticked(name) + " cannot be the name of a cluster or a member",
    path);
  fault.label = "bad name";
  fault.help = "write 1 to 255 letters, digits, `-`, `_` and `.`";
}

void check_own_name(const checking& at) {
  if (at.places.contains("node/name"))
    return check_name(at, at.config.node.name, "node/name");
  auto& fault = at.add_fault(
    "E0144", "this member of a cluster has no name of its own",
    at.places.contains("node") ? "node" : "cluster");
  fault.label = "needs `node.name`";
  fault.help = "add `name` to [node], another on every node: name = "
               "\"${HOSTNAME}\"";
}

// -- addresses

void no_address(
  const checking& at, const std::string& text, const std::string& path) {
  auto& fault =
    at.add_fault("E0140", ticked(text) + " is no address to connect to", path);
  fault.label = "cannot be reached";
  fault.help = "write a name or an address and a port: 10.0.0.1:25680";
}

void check_list(
  const checking& at,
  const std::vector<std::string>& addresses,
  const std::string& path) {
  for (std::size_t i = 0; i < addresses.size(); ++i)
    if (!is_address(addresses[i]))
      no_address(at, addresses[i], path + "/" + std::to_string(i));
}

// Left out, it is where the member listens, if that leads anywhere.
void check_advertised(const checking& at, const cluster_config& cluster) {
  if (!cluster.advertise.empty()) {
    if (!is_address(cluster.advertise))
      no_address(at, cluster.advertise, "cluster/advertise");
    return;
  }
  auto listened = parse_endpoint(cluster.listen);
  if (!listened || !is_wildcard(listened->host)) return;
  auto& fault = at.add_fault(
    "E0140", "nobody can connect to " + ticked(cluster.listen),
    "cluster/listen");
  fault.label = "a place to listen at alone";
  fault.help = "add `advertise` with the address that other members reach, as "
               "in advertise = \"10.0.0.1:25680\"";
}

void check_hosts(const checking& at, const managed_etcd_config& etcd) {
  for (const auto& [name, place] : etcd.members) {
    if (place.host.empty() || is_host(place.host)) continue;
    auto& fault = at.add_fault(
      "E0140", ticked(place.host) + " is no host to connect to",
      etcds_path(at) + "/" + name + "/host");
    fault.label = "cannot be reached";
    fault.help = "write a name or an address alone; ports go into "
                 "`client_port` and `peer_port`";
  }
}

// -- certificates

void needs_tls(
  const checking& at, const std::string& what, const std::string& path) {
  auto& fault = at.add_fault(
    "E0141", "members would talk in the clear at " + ticked(what), path);
  fault.label = "other machines reach this";
  fault.help = "add tls = { ca = \"...\", cert = \"...\", key = \"...\" } to "
               "[cluster], or stay on 127.0.0.1";
}

// Says it once, however many places need it.
void check_clear(const checking& at, const cluster_config& cluster) {
  if (cluster.tls || at.places.contains("cluster/tls")) return;
  if (is_far(cluster.listen))
    return needs_tls(at, cluster.listen, "cluster/listen");
  const auto* etcd = std::get_if<managed_etcd_config>(&cluster.etcd);
  if (etcd == nullptr) return;
  for (const auto& [name, place] : etcd->members)
    if (is_host(place.host) && !is_loopback(place.host))
      return needs_tls(at, place.host, etcds_path(at) + "/" + name + "/host");
}

void check_file(
  const checking& at,
  const std::filesystem::path& file,
  const std::string& path) {
  auto ignored = std::error_code{};
  if (file.empty() || std::filesystem::exists(file, ignored)) return;
  auto& fault = at.add_fault(
    "E0123",
    "the cluster reads " + ticked(file.string()) + ", which does not exist",
    path);
  fault.label = "no such file";
  fault.help = "a relative path starts at the working directory";
}

void check_files(
  const checking& at,
  const std::optional<cluster_tls_config>& tls,
  const std::string& path) {
  if (!tls || at.options.is_offline) return;
  check_file(at, tls->ca, path + "/ca");
  check_file(at, tls->cert, path + "/cert");
  check_file(at, tls->key, path + "/key");
}

// -- the coordinator

void no_members(const checking& at) {
  if (at.has_fault_at(etcds_path(at))) return; // said already
  at.add_fault("E0110", "`members` is empty", etcds_path(at)).label =
    "name at least one";
}

void impossible_count(const checking& at, std::size_t count) {
  auto& fault = at.add_fault(
    "E0143", std::to_string(count) + " nodes are to run an etcd; name 3 or 5",
    etcds_path(at));
  fault.label = count == 2       ? "two cannot outvote the loss of either"
                : count % 2 == 0 ? "stands no more losses than one less"
                                 : "so many slow each other down";
  fault.help = count == 2 ? "name a third, on another machine; it may be a "
                            "small one"
                          : "leave some out: nodes that are not named ask "
                            "these";
}

void check_count(const checking& at, std::size_t count) {
  if (count == 0) return no_members(at);
  if (count % 2 == 0 || count > most_etcds) return impossible_count(at, count);
  if (count > 1) return;
  auto& fault = at.add_fault(
    "W0406", "the cluster hangs on the one node that runs its etcd",
    etcds_path(at));
  fault.label = "one node";
  fault.help = "name three, on machines that do not fail together";
}

void check_etcd(const checking& at, const managed_etcd_config& etcd) {
  if (at.places.contains("cluster/etcd/members"))
    check_count(at, etcd.members.size());
  else if (const auto& seeds = at.config.cluster->seeds; !seeds.empty())
    check_count(at, seeds_with_etcd(seeds).size());
  for (const auto& [name, place] : etcd.members)
    check_name(at, name, etcds_path(at) + "/" + name);
  check_hosts(at, etcd);
}

void check_etcd(const checking& at, const remote_etcd_config& etcd) {
  check_list(at, etcd.endpoints, "cluster/etcd/endpoints");
  check_files(at, etcd.tls, "cluster/etcd/tls");
  if (etcd.tls || at.places.contains("cluster/etcd/tls")) return;
  if (std::ranges::none_of(etcd.endpoints, is_far)) return;
  auto& fault = at.add_fault(
    "W0407", "an etcd on another machine is asked in the clear",
    "cluster/etcd/endpoints");
  fault.label = "goes over the network";
  fault.help = "add tls = { ca = \"...\", cert = \"...\", key = \"...\" } to "
               "[cluster.etcd]";
}

} // namespace

void check_cluster(const checking& at) {
  if (!at.config.cluster) return;
  const auto& cluster = *at.config.cluster;
  check_name(at, cluster.name, "cluster/name");
  check_own_name(at);
  check_list(at, cluster.seeds, "cluster/seeds");
  check_advertised(at, cluster);
  check_clear(at, cluster);
  check_files(at, cluster.tls, "cluster/tls");
  std::visit([&](const auto& etcd) { check_etcd(at, etcd); }, cluster.etcd);
}

} // namespace troupe
