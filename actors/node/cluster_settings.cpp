#include "actors/node/cluster_settings.hpp"

#include <algorithm>

namespace troupe {

namespace {

endpoint client_of(const etcd_place_config& place) {
  return {place.host, place.client_port};
}

etcd_tls server_files(const cluster_tls_config& files) {
  return {files.ca, files.cert, files.key};
}

std::optional<client_tls_options>
client_files(const std::optional<cluster_tls_config>& files) {
  if (!files) return std::nullopt;
  return client_tls_options{files->ca, files->cert, files->key};
}

etcd_settings settings_of(
  const pipeline_config& config,
  const managed_etcd_config& etcd,
  const etcd_place_config& own) {
  const auto& tls = config.cluster->tls;
  auto out = etcd_settings{};
  out.program = etcd.program;
  out.name = config.node.name;
  out.folder = config.node.data_dir;
  out.token = config.cluster->name;
  out.client = tls ? endpoint{"127.0.0.1", etcd.local_port} : client_of(own);
  for (const auto& [name, place] : etcd.members)
    out.members.push_back({name, {place.host, place.peer_port}});
  if (!tls) return out;
  out.peer_tls = server_files(*tls);
  out.client_tls = server_files(*tls);
  out.remote_client = client_of(own);
  return out;
}

etcd_options
asked(const pipeline_config& config, const managed_etcd_config& etcd) {
  auto out = etcd_options{};
  for (const auto& [name, place] : etcd.members) {
    auto is_own = name == config.node.name;
    auto where = is_own ? out.endpoints.begin() : out.endpoints.end();
    out.endpoints.insert(where, client_of(place));
  }
  out.tls = client_files(config.cluster->tls);
  return out;
}

etcd_options asked(const pipeline_config&, const remote_etcd_config& etcd) {
  auto out = etcd_options{};
  for (const auto& text : etcd.endpoints)
    if (auto at = parse_endpoint(text)) out.endpoints.push_back(*at);
  out.tls = client_files(etcd.tls);
  return out;
}

} // namespace

std::optional<managed_etcd_options> own_etcd(const pipeline_config& config) {
  const auto* etcd = std::get_if<managed_etcd_config>(&config.cluster->etcd);
  if (etcd == nullptr) return std::nullopt;
  auto own = etcd->members.find(config.node.name);
  if (own == etcd->members.end()) return std::nullopt;
  auto out = managed_etcd_options{};
  out.settings = settings_of(config, *etcd, own->second);
  for (const auto& [name, place] : etcd->members)
    if (name != config.node.name) out.others.push_back(client_of(place));
  out.others_tls = client_files(config.cluster->tls);
  return out;
}

etcd_options asked_etcd(const pipeline_config& config) {
  return std::visit(
    [&](const auto& etcd) { return asked(config, etcd); },
    config.cluster->etcd);
}

endpoint advertised(const cluster_config& cluster, const endpoint& bound) {
  auto said = parse_endpoint(cluster.advertise);
  return said ? *said : bound;
}

} // namespace troupe
