#include "config/options_amqp.hpp"

#include "config/options.hpp"
#include "engine/access/password_hash.hpp"

namespace troupe {

namespace {

using words = std::string_view;

constexpr auto verify_words = std::array<words, 3>{"none", "peer", "require"};
constexpr auto compat_words =
  std::array<words, 3>{"strict", "lenient", "rabbitmq-3.13"};
constexpr auto origins = std::array<words, 2>{"anywhere", "this_machine"};

void visit_tls(option_visitor& v, std::optional<tls_config>& tls) {
  if (!v.enter(
        {"tls", "Listens for TLS as well, version 1.2 or later."},
        tls.has_value()))
    return;
  auto value = tls.value_or(tls_config{});
  v.text(
    {"listen", "Where to listen for TLS, like the other `listen`."},
    value.listen);
  v.path(
    {"cert", "A PEM file with the certificate, then the chain above it.", true},
    value.cert);
  v.path(
    {"key", "A PEM file with its private key, without a pass phrase.", true},
    value.key);
  v.path(
    {"ca", "A PEM file with the certificates that sign those of clients."},
    value.ca);
  visit_choice(
    v,
    {"verify", "Whether clients show a certificate: `none` asks for none, "
               "`peer` checks one if shown, `require` lets nobody in without."},
    value.verify, verify_words);
  v.leave();
  tls = value;
}

void visit_limits(option_visitor& v, amqp_server_config& server) {
  visit_count(
    v,
    {"max_connections", "How many clients at a time; others wait until one "
                        "leaves."},
    server.max_connections, {1, 1'000'000});
  visit_count(
    v, {"channel_max", "How many channels one connection may have open."},
    server.channel_max, {1, 65'535});
  v.size(
    {"frame_max", "No frame is larger, unless the client asks for less; at "
                  "most 16MiB."},
    server.frame_max, 4096);
  v.time(
    {"heartbeat", "A client that is silent for twice as long is gone; in whole "
                  "seconds, `0s` is never."},
    server.heartbeat, duration{0});
  v.size(
    {"max_message_size", "No message may be larger; at most 512MiB."},
    server.max_message_size, 1);
}

void visit_permission(
  option_visitor& v,
  const std::string& vhost,
  std::map<std::string, permission_config>& permissions) {
  if (!v.enter({vhost, "Rights in the vhost of that name, such as `/`."}, true))
    return;
  auto& value = permissions[vhost];
  v.text(
    {"configure",
     "What may be declared and deleted: a regular expression for "
     "names of queues and exchanges, found anywhere in them; empty "
     "is nothing, `.*` is all.",
     false, true},
    value.configure);
  v.text(
    {"write", "What may be published to, the same way.", false, true},
    value.write);
  v.text(
    {"read", "What may be consumed from, the same way.", false, true},
    value.read);
  v.leave();
}

void visit_permissions(
  option_visitor& v, std::map<std::string, permission_config>& permissions) {
  auto held = std::vector<std::string>{};
  for (const auto& [vhost, permission] : permissions) held.push_back(vhost);
  auto vhosts = v.enter_keys(
    {"permissions", "What the user may do, as in `permissions.\"/\" = { "
                    "configure = \"\", write = \".*\", read = \"^mine\" }`; "
                    "vhosts that are not listed are closed."},
    std::move(held));
  if (!vhosts) return;
  for (const auto& vhost : *vhosts) visit_permission(v, vhost, permissions);
  v.leave();
}

void hash(const std::string& password, std::string& into) {
  if (password.empty()) return;
  if (auto made = make_password_hash(password)) into = to_string(*made);
}

} // namespace

void visit_amqp(option_visitor& v, amqp_server_config& server) {
  v.text(
    {"listen", "Where to listen: an address of this machine and a port, such "
               "as `0.0.0.0:5672` or `[::]:5672`; port 0 takes a free one."},
    server.listen);
  visit_tls(v, server.tls);
  v.text({"vhost", "The vhost that `exchange` is in."}, server.vhost);
  v.text(
    {"exchange", "The exchange whose messages also come out of this source; "
                 "needed where `inputs` names the source."},
    server.exchange);
  visit_choice(
    v,
    {"compat", "How clients are met: `strict` as RabbitMQ 4 does, `lenient` "
               "bears with old clients, `rabbitmq-3.13` also goes by that "
               "name and version."},
    server.compat, compat_words);
  visit_limits(v, server);
}

void visit_options(option_visitor& v, vhost_config& vhost) {
  v.text({"description", "What it is for."}, vhost.description);
}

void visit_options(option_visitor& v, user_config& user) {
  v.text(
    {"password_hash",
     "What `troupe hash-password` prints, or "
     "`rabbitmq-sha256$` before what `rabbitmqctl "
     "hash_password` prints. Without a password only a "
     "client's certificate lets the user in.",
     false, false, true},
    user.password_hash);
  auto password = std::string{};
  v.text(
    {"password", "The password itself, best as `${VAR}`.", false, false, true},
    password);
  hash(password, user.password_hash);
  v.names(
    {"tags", "What the user is: `administrator`, `impersonator` (may publish "
             "under any user-id)."},
    user.tags);
  visit_choice(
    v, {"from", "Where the user may log in from."}, user.from, origins);
  visit_permissions(v, user.permissions);
}

} // namespace troupe
