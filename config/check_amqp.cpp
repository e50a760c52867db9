#include "config/checking.hpp"
#include "config/plan.hpp"
#include "engine/base/endpoint.hpp"

#include <map>

namespace troupe {

namespace {

constexpr std::uint64_t most_frame_bytes = 16 * 1024 * 1024;
constexpr std::uint64_t most_message_bytes = 512 * 1024 * 1024;
constexpr auto longest_heartbeat = std::chrono::seconds{65'535};

/// Finds addresses that nobody can listen on, or two servers.
class address_check {
public:
  explicit address_check(const checking& at) : at_{at} {}

  void add(const std::string& text, const std::string& path) {
    auto read = parse_endpoint(text);
    if (!read) return bad(text, path);
    take(*read, path);
  }

  void add_port(
    const std::string& host, std::uint16_t port, const std::string& path) {
    if (!host.empty()) take({host, port}, path); // else it is faulted already
  }

private:
  void take(const endpoint& at, const std::string& path) {
    if (at.port == 0) return; // each time another
    auto text = to_string(at);
    auto [first, is_first] = taken_.try_emplace(text, path);
    if (is_first) return;
    auto& fault =
      at_.add_fault("E0131", ticked(text) + " is listened on twice", path);
    fault.label = "the second";
    fault.note = "the first is in line "
                 + std::to_string(at_.places.find(first->second).line);
    fault.help = "choose another port";
  }

  void bad(const std::string& text, const std::string& path) {
    auto& fault = at_.add_fault("E0130", ticked(text) + " is no address", path);
    fault.label = "cannot be listened on";
    fault.help = "write an address and a port: 127.0.0.1:5672 or [::1]:5672";
  }

  const checking& at_;
  std::map<std::string, std::string> taken_; // paths by address
};

void check_file(
  const checking& at,
  const std::string& source,
  const std::filesystem::path& file,
  const std::string& path) {
  auto ignored = std::error_code{};
  if (file.empty() || std::filesystem::exists(file, ignored)) return;
  auto& fault = at.add_fault(
    "E0123",
    "source " + ticked(source) + " reads " + ticked(file.string())
      + ", which does not exist",
    path);
  fault.label = "no such file";
  fault.help = "a relative path starts at the working directory";
}

void check_tls(
  const checking& at, const std::string& source, const tls_config& tls) {
  auto path = "sources/" + source + "/tls";
  if (!at.options.is_offline) {
    check_file(at, source, tls.cert, path + "/cert");
    check_file(at, source, tls.key, path + "/key");
    check_file(at, source, tls.ca, path + "/ca");
  }
  if (tls.verify == client_certificate::none || !tls.ca.empty()) return;
  auto& fault = at.add_fault(
    "E0134", "source " + ticked(source) + " has nothing to check clients by",
    path + "/verify");
  fault.label = "needs `ca`";
  fault.help = "add `ca`, the file with the certificates that sign clients'";
}

void out_of_range(
  const checking& at, const std::string& path, const std::string& range) {
  auto key = path.substr(path.rfind('/') + 1);
  at.add_fault("E0203", ticked(key) + " is out of range", path).label =
    "write " + range;
}

void check_limits(
  const checking& at,
  const std::string& path,
  const amqp_server_config& server) {
  if (server.frame_max > most_frame_bytes)
    out_of_range(at, path + "/frame_max", "at most \"16MiB\"");
  if (server.max_message_size > most_message_bytes)
    out_of_range(at, path + "/max_message_size", "at most \"512MiB\"");
  auto is_whole = server.heartbeat % std::chrono::seconds{1} == duration{};
  if (!is_whole || server.heartbeat > longest_heartbeat)
    out_of_range(at, path + "/heartbeat", "whole seconds, at most \"65535s\"");
}

void check_exchange(
  const checking& at,
  const plan& plan,
  const std::string& name,
  const amqp_server_config& server) {
  if (!server.exchange.empty() || plan.targets(name).empty()) return;
  auto& fault = at.add_fault(
    "E0133", "source " + ticked(name) + " is read, but has no `exchange`",
    "sources/" + name);
  fault.label = "add `exchange`";
  fault.help = "name the exchange whose messages are to come out of it, as in "
               "exchange = \"amq.topic\"";
}

void check_vhost(
  const checking& at,
  const plan& plan,
  const std::string& name,
  const amqp_server_config& server) {
  if (plan.vhosts.contains(server.vhost)) return;
  auto& fault = at.add_fault(
    "E0132", "there is no vhost " + ticked(server.vhost),
    "sources/" + name + "/vhost");
  fault.label = "not declared";
  fault.help = "add [vhosts.\"" + server.vhost + "\"]";
}

void add_cluster(address_check& addresses, const cluster_config& cluster) {
  addresses.add(cluster.listen, "cluster/listen");
  const auto* etcd = std::get_if<managed_etcd_config>(&cluster.etcd);
  if (etcd == nullptr) return;
  for (const auto& [name, place] : etcd->members) {
    auto path = "cluster/etcd/members/" + name;
    addresses.add_port(place.host, place.client_port, path + "/client_port");
    addresses.add_port(place.host, place.peer_port, path + "/peer_port");
  }
}

} // namespace

void check_amqp(const checking& at) {
  const auto plan = make_plan(at.config);
  auto addresses = address_check{at};
  if (at.config.cluster) add_cluster(addresses, *at.config.cluster);
  for (const auto& [name, server] : plan.amqp_servers) {
    auto path = "sources/" + name;
    addresses.add(server.listen, path + "/listen");
    if (server.tls) {
      addresses.add(server.tls->listen, path + "/tls/listen");
      check_tls(at, name, *server.tls);
    }
    check_limits(at, path, server);
    check_exchange(at, plan, name, server);
    check_vhost(at, plan, name, server);
  }
}

} // namespace troupe
