#include "config/users.hpp"

namespace troupe {

namespace {

user to_user(const user_config& from) {
  auto out = user{};
  out.name = from.name;
  out.may_login_remotely = from.from == user_config::origin::anywhere;
  out.tags = {from.tags.begin(), from.tags.end()};
  if (auto hash = parse_password_hash(from.password_hash))
    out.password_hash = std::move(*hash);
  for (const auto& [vhost, rights] : from.permissions)
    if (
      auto made =
        vhost_rights::parse(rights.configure, rights.write, rights.read))
      out.rights[vhost] = std::move(*made);
  return out;
}

} // namespace

std::shared_ptr<const user_table> users_of(const pipeline_config& config) {
  if (config.users.empty()) return default_users();
  auto all = std::vector<user>{};
  for (const auto& [name, user] : config.users) all.push_back(to_user(user));
  return std::make_shared<const user_table>(std::move(all));
}

} // namespace troupe
