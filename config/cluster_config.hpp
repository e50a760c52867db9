#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// What a node says of the cluster it belongs to.

namespace troupe {

/// The files of one end of TLS that shows a certificate and asks for one, all
/// PEM.
struct cluster_tls_config {
  std::filesystem::path ca;
  std::filesystem::path cert;
  std::filesystem::path key;
  bool operator==(const cluster_tls_config&) const = default;
};

/// Where one of the etcds is that nodes run beside themselves. Without TLS the
/// host is on the loopback, and everybody asks it at `client_port` in the
/// clear. With TLS it is asked there by TLS; its own node looks after it at
/// `managed_etcd_config::local_port`.
struct etcd_place_config {
  std::string host;
  std::uint16_t client_port = 25681;
  std::uint16_t peer_port = 25682;
  bool operator==(const etcd_place_config&) const = default;
};

/// `coordinator = "managed"`: some nodes run an etcd, all of them ask it.
struct managed_etcd_config {
  /// By the names of the nodes that run one: 1, 3 or 5, the same everywhere.
  std::map<std::string, etcd_place_config> members;
  std::uint16_t local_port = 25683; // on 127.0.0.1, in the clear
  std::string program = "etcd";     // a name in PATH, or a path
  bool operator==(const managed_etcd_config&) const = default;
};

/// `coordinator = "etcd"`: one that somebody else looks after.
struct remote_etcd_config {
  std::vector<std::string> endpoints; // engine/base/endpoint.hpp
  std::optional<cluster_tls_config> tls;
  bool operator==(const remote_etcd_config&) const = default;
};

/// [cluster]. The member's name is the node's.
struct cluster_config {
  std::string name; // letters, digits, '-', '_' and '.'; etcd's token, too
  std::vector<std::string> seeds;         // members' peer links
  std::string listen = "127.0.0.1:25680"; // engine/base/endpoint.hpp
  std::string advertise;                  // empty: where it listens
  std::optional<cluster_tls_config> tls;  // none: all is on the loopback
  std::uint16_t replicas = 3;             // 1 to 5
  std::variant<managed_etcd_config, remote_etcd_config> etcd;
  bool operator==(const cluster_config&) const = default;
};

} // namespace troupe
