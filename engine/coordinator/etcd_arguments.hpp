#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/endpoint.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// One of the etcd processes that agree: by name, and where others of them
/// reach it.
struct etcd_member {
  std::string name;
  endpoint peer;
  bool operator==(const etcd_member&) const = default;
};

/// The files of a TLS server that asks for certificates, all PEM.
struct etcd_tls {
  std::filesystem::path ca;
  std::filesystem::path cert;
  std::filesystem::path key;
  bool operator==(const etcd_tls&) const = default;
};

/// An etcd that a node runs beside itself.
struct etcd_settings {
  std::string program = "etcd"; // a name in PATH, or a path
  std::string name;             // this member's
  /// Holds the data in `etcd/`, and what is known of the process beside it.
  std::filesystem::path folder;
  endpoint client; // where this node asks it; on the loopback, without TLS
  std::vector<etcd_member> members;      // all of them, this one included
  std::string token;                     // one a cluster: keeps clusters apart
  std::optional<etcd_tls> peer_tls = {}; // without: loopback alone
  /// Where nodes without an etcd of their own ask it, by TLS.
  std::optional<endpoint> remote_client = {};
  std::optional<etcd_tls> client_tls = {};
  duration heartbeat{100};
  duration election{1000};
  bool operator==(const etcd_settings&) const = default;
};

/// Says what is wrong with settings, `errc::none` if nothing.
error check(const etcd_settings& settings);

/// How a member without data begins.
enum class etcd_beginning : std::uint8_t {
  anew,    // with all the others that begin
  joining, // a cluster that is there, which has added it
};

/// Returns the arguments, without the program's name. With data there already
/// etcd overlooks `beginning` and the members.
std::vector<std::string> etcd_arguments(
  const etcd_settings& settings,
  etcd_beginning beginning,
  const std::vector<etcd_member>& members);

/// Returns where the data is, "<folder>/etcd".
std::filesystem::path data_folder(const etcd_settings& settings);

/// Returns this member's address among others, as etcd writes it.
std::string peer_url(const etcd_settings& settings, const etcd_member& member);

/// Returns this member, nullptr if the settings do not name it.
const etcd_member* own_member(const etcd_settings& settings);

struct etcd_version {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const etcd_version&) const = default;
};

/// Finds the version in what `etcd --version` prints. Fails with `not_found`.
result<etcd_version> parse_etcd_version(std::string_view text);
std::string to_string(const etcd_version& version);

/// Refuses a version below 3.4.
error check(const etcd_version& version);

/// Returns a warning, empty for a version without known trouble.
std::string warning_of(const etcd_version& version);

} // namespace troupe
