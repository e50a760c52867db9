#include "config/options.hpp"

namespace troupe {

namespace {

constexpr auto coordinators =
  std::array<std::string_view, 2>{"managed", "etcd"};

void visit_tls(
  option_visitor& v,
  std::string_view doc,
  std::optional<cluster_tls_config>& tls) {
  if (!v.enter({"tls", doc}, tls.has_value())) return;
  auto value = tls.value_or(cluster_tls_config{});
  v.path(
    {"ca", "A PEM file with the certificates that sign those of the others.",
     true},
    value.ca);
  v.path(
    {"cert",
     "A PEM file with this node's certificate, for both ends of a "
     "connection, then the chain above it.",
     true},
    value.cert);
  v.path(
    {"key", "A PEM file with its private key, without a pass phrase.", true},
    value.key);
  v.leave();
  tls = value;
}

void visit_place(
  option_visitor& v,
  const std::string& name,
  std::map<std::string, etcd_place_config>& members) {
  auto& value = members[name]; // named, also where nothing else is right
  if (!v.enter({name, "The node of that name."}, true)) return;
  v.text(
    {"host", "Where the other nodes reach it: a name or an address.", true},
    value.host);
  visit_count(
    v, {"client_port", "Where its etcd is asked."}, value.client_port,
    {1, 65'535});
  visit_count(
    v, {"peer_port", "Where the other etcds reach its own."}, value.peer_port,
    {1, 65'535});
  v.leave();
}

void visit_members(
  option_visitor& v, std::map<std::string, etcd_place_config>& members) {
  auto held = std::vector<std::string>{};
  for (const auto& [name, place] : members) held.push_back(name);
  auto names = v.enter_keys(
    {"members",
     "The nodes that run an etcd, 3 or 5 of them and the same in every "
     "node's file, as in `members.n1 = { host = \"10.0.0.1\" }`. Nodes that "
     "are not named ask these. Left out, the first 3 or 5 of `seeds` are."},
    std::move(held));
  if (!names) return;
  for (const auto& name : *names) visit_place(v, name, members);
  v.leave();
}

// Returns with the alternative that the file asks for.
void visit_coordinator(option_visitor& v, cluster_config& cluster) {
  auto index = cluster.etcd.index();
  v.choice(
    {"coordinator", "What members agree by: `managed` is an etcd that some of "
                    "the nodes run beside themselves, `etcd` is one that you "
                    "look after."},
    index, coordinators);
  if (index == cluster.etcd.index()) return;
  if (index == 0)
    cluster.etcd = managed_etcd_config{};
  else
    cluster.etcd = remote_etcd_config{};
}

} // namespace

void visit_options(option_visitor& v, managed_etcd_config& etcd) {
  visit_members(v, etcd.members);
  visit_count(
    v,
    {"local_port",
     "Where a node with `tls` looks after its own etcd, on 127.0.0.1; "
     "without `tls` that is `client_port`."},
    etcd.local_port, {1, 65'535});
  v.text({"program", "The etcd to run, 3.4 or later."}, etcd.program);
}

void visit_options(option_visitor& v, remote_etcd_config& etcd) {
  v.names(
    {"endpoints",
     "Where clients reach the members of the etcd, as in "
     "[\"10.0.0.1:2379\"].",
     true},
    etcd.endpoints);
  visit_tls(v, "Asks it by TLS.", etcd.tls);
}

void visit_options(option_visitor& v, cluster_config& cluster) {
  v.text(
    {"name",
     "The cluster's name, the same in every node's file; it stays for "
     "good.",
     true},
    cluster.name);
  v.names(
    {"seeds",
     "The first members, by their names and ports for each other, as in "
     "[\"n1.lan:25680\"], the same in every node's file: the first 3 or 5 run "
     "an etcd, unless [cluster.etcd] says who does. What comes before the "
     "first dot is the `node.name` there."},
    cluster.seeds);
  v.text(
    {"listen", "Where to listen for other members; port 0 takes a free one."},
    cluster.listen);
  v.text(
    {"advertise", "Where other members reach this one; left out, where it "
                  "listens."},
    cluster.advertise);
  visit_tls(
    v, "Proves members to each other; needed unless all are on one machine.",
    cluster.tls);
  visit_count(
    v,
    {"replicas", "How many members keep a copy of each message, "
                 "when the cluster is made. Later: `troupe cluster "
                 "replicas`."},
    cluster.replicas, {1, 5});
  visit_coordinator(v, cluster);
  auto is_remote = std::holds_alternative<remote_etcd_config>(cluster.etcd);
  if (!v.enter({"etcd", "Where the coordinator is.", is_remote}, true)) return;
  std::visit([&](auto& etcd) { visit_options(v, etcd); }, cluster.etcd);
  v.leave();
}

} // namespace troupe
