#include "engine/coordinator/etcd_arguments.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <utility>

namespace troupe {

namespace {

error unfit(std::string text) { return {errc::bad_config, std::move(text)}; }

bool is_loopback(const endpoint& at) {
  return at.host == "localhost" || at.host == "::1"
         || at.host.substr(0, 4) == "127.";
}

// Names end up in lists that commas and equal signs divide.
bool is_plain(const std::string& name) {
  auto is_fine = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_fine);
}

error check_count(std::size_t members) {
  if (members == 0)
    return unfit("no member of etcd is named; name one or three");
  if (members == 2)
    return unfit(
      "two members of etcd cannot outvote the loss of either, so that two are "
      "less safe than one; name one, or three on three machines: the third "
      "may be a small one that only votes");
  if (members > 7)
    return unfit("more than seven members of etcd slow each other down; name "
                 "three or five, all nodes can use them");
  return {};
}

error check_members(const etcd_settings& settings) {
  auto names = std::set<std::string>{};
  auto places = std::set<std::string>{};
  for (const auto& x : settings.members) {
    if (!is_plain(x.name))
      return unfit(
        "the etcd member's name '" + x.name
        + "' may only have letters, digits, '-', '_' and '.'");
    if (x.peer.host.empty() || x.peer.port == 0)
      return unfit(
        "the etcd member '" + x.name
        + "' needs a host and a port for its peers");
    auto is_new =
      names.insert(x.name).second && places.insert(to_string(x.peer)).second;
    if (!is_new)
      return unfit(
        "the etcd member '" + x.name
        + "' has the name or the address of another; give each its "
          "own");
  }
  return {};
}

error check_tls(const etcd_settings& settings) {
  auto is_far = [](const etcd_member& x) { return !is_loopback(x.peer); };
  auto is_any_far =
    std::any_of(settings.members.begin(), settings.members.end(), is_far);
  if (is_any_far && !settings.peer_tls)
    return unfit("members of etcd on other machines need TLS between them; set "
                 "the cluster's certificates");
  if (settings.remote_client && !settings.client_tls)
    return unfit("an etcd that other machines may ask needs TLS; set the "
                 "cluster's certificates");
  if (!is_loopback(settings.client))
    return unfit(
      "this node asks its own etcd on the loopback, not at "
      + to_string(settings.client) + "; use 127.0.0.1");
  return {};
}

// etcd listens on addresses, not on names.
endpoint listening(endpoint at) {
  auto is_address = [](unsigned char c) {
    return std::isdigit(c) != 0 || c == '.' || c == ':';
  };
  auto has_colon = at.host.find(':') != std::string::npos;
  if (has_colon || std::all_of(at.host.begin(), at.host.end(), is_address))
    return at;
  at.host = at.host == "localhost" ? "127.0.0.1" : "0.0.0.0";
  return at;
}

std::string
client_urls(const endpoint& own, const std::optional<endpoint>& remote) {
  auto out = "http://" + to_string(own);
  if (remote) out += ",https://" + to_string(*remote);
  return out;
}

std::string listening_client_urls(const etcd_settings& settings) {
  auto remote = settings.remote_client;
  if (remote) remote = listening(*remote);
  return client_urls(listening(settings.client), remote);
}

std::string initial_cluster(
  const etcd_settings& settings, const std::vector<etcd_member>& members) {
  auto out = std::string{};
  for (const auto& x : members) {
    if (!out.empty()) out += ',';
    out += x.name + '=' + peer_url(settings, x);
  }
  return out;
}

std::string listening_url(const etcd_settings& settings, etcd_member own) {
  own.peer = listening(own.peer);
  return peer_url(settings, own);
}

using pairs = std::vector<std::pair<std::string, std::string>>;

pairs places(const etcd_settings& settings) {
  const auto* own = own_member(settings);
  auto self = own == nullptr ? etcd_member{} : *own;
  return {
    {"name", settings.name},
    {"data-dir", data_folder(settings).string()},
    {"listen-client-urls", listening_client_urls(settings)},
    {"advertise-client-urls",
     client_urls(settings.client, settings.remote_client)},
    {"listen-peer-urls", listening_url(settings, self)},
    {"initial-advertise-peer-urls", peer_url(settings, self)}};
}

pairs rules(const etcd_settings& settings) {
  return {
    {"strict-reconfig-check", "true"},
    {"pre-vote", "true"},
    {"heartbeat-interval", std::to_string(settings.heartbeat.count())},
    {"election-timeout", std::to_string(settings.election.count())},
    {"auto-compaction-mode", "revision"},
    {"auto-compaction-retention", "10000"},
    {"quota-backend-bytes", "268435456"},
    {"experimental-initial-corrupt-check", "true"},
    {"experimental-corrupt-check-time", "1h"},
    {"logger", "zap"},
    {"log-level", "warn"}};
}

pairs peer_files(const etcd_tls& files) {
  return {
    {"peer-client-cert-auth", "true"},
    {"peer-cert-file", files.cert.string()},
    {"peer-key-file", files.key.string()},
    {"peer-trusted-ca-file", files.ca.string()}};
}

pairs client_files(const etcd_tls& files) {
  return {
    {"client-cert-auth", "true"},
    {"cert-file", files.cert.string()},
    {"key-file", files.key.string()},
    {"trusted-ca-file", files.ca.string()}};
}

} // namespace

error check(const etcd_settings& settings) {
  auto fault = check_count(settings.members.size());
  if (fault.code == errc::none) fault = check_members(settings);
  if (fault.code == errc::none) fault = check_tls(settings);
  if (fault.code != errc::none) return fault;
  if (own_member(settings) == nullptr)
    return unfit(
      "the etcd member '" + settings.name
      + "' is not among the members named; name it");
  if (settings.folder.empty() || settings.token.empty())
    return unfit("an etcd needs a folder and its cluster's token");
  // As etcd demands.
  if (
    settings.heartbeat.count() < 1
    || settings.election < 5 * settings.heartbeat)
    return unfit("etcd's election timeout has to be at least five heartbeats");
  return {};
}

std::vector<std::string> etcd_arguments(
  const etcd_settings& settings,
  etcd_beginning beginning,
  const std::vector<etcd_member>& members) {
  auto is_new = beginning == etcd_beginning::anew;
  auto out = std::vector<std::string>{};
  auto add = [&](const pairs& more) {
    for (const auto& [name, value] : more)
      out.push_back("--" + name + '=' + value);
  };
  add(places(settings));
  add(
    {{"initial-cluster", initial_cluster(settings, members)},
     {"initial-cluster-state", is_new ? "new" : "existing"},
     {"initial-cluster-token", settings.token}});
  add(rules(settings));
  if (settings.peer_tls) add(peer_files(*settings.peer_tls));
  if (settings.client_tls) add(client_files(*settings.client_tls));
  return out;
}

std::filesystem::path data_folder(const etcd_settings& settings) {
  return settings.folder / "etcd";
}

std::string peer_url(const etcd_settings& settings, const etcd_member& member) {
  return (settings.peer_tls ? "https://" : "http://") + to_string(member.peer);
}

const etcd_member* own_member(const etcd_settings& settings) {
  for (const auto& x : settings.members)
    if (x.name == settings.name) return &x;
  return nullptr;
}

// -- versions

result<etcd_version> parse_etcd_version(std::string_view text) {
  constexpr auto mark = std::string_view{"etcd Version: "};
  auto at = text.find(mark);
  auto failed = error{
    errc::not_found, "the program does not say which etcd it is; install "
                     "Debian's package etcd-server, or name its program"};
  if (at == std::string_view::npos) return failed;
  auto next = text.data() + at + mark.size();
  const auto* end = text.data() + text.size();
  auto out = etcd_version{};
  for (auto* part : {&out.major, &out.minor, &out.patch}) {
    auto read = std::from_chars(next, end, *part);
    if (read.ec != std::errc{} || *part < 0) return failed;
    auto is_last = part == &out.patch;
    if (!is_last && (read.ptr == end || *read.ptr != '.')) return failed;
    next = is_last ? read.ptr : read.ptr + 1;
  }
  return out;
}

std::string to_string(const etcd_version& version) {
  return std::to_string(version.major) + '.' + std::to_string(version.minor)
         + '.' + std::to_string(version.patch);
}

error check(const etcd_version& version) {
  if (version >= etcd_version{3, 4, 0}) return {};
  return unfit(
    "etcd " + to_string(version) + " is too old; install version 3.4 or later");
}

std::string warning_of(const etcd_version& version) {
  if (version >= etcd_version{3, 4, 31}) return {};
  return "etcd " + to_string(version)
         + " may end leases early or late (before 3.4.31); they are hints "
           "here, so that this costs time, not safety";
}

} // namespace troupe
