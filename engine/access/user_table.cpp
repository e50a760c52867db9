#include "engine/access/user_table.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace troupe {

namespace {

// Everybody knows this password, so its hash may be known and cheap.
constexpr auto guests_hash = "pbkdf2-sha256$1$dHJvdXBlLWd1ZXN0$g+"
                             "17Oosx9OelZKNYqJZLA0cI0oXnQhGr725MrD049Ko=";

} // namespace

user_table::user_table(std::vector<user> users) {
  for (auto& x : users) {
    if (x.password_hash)
      most_costly_ = std::max(most_costly_, x.password_hash->iterations);
    auto name = x.name;
    users_.try_emplace(std::move(name), std::move(x));
  }
}

const user* user_table::find(std::string_view name) const {
  auto found = users_.find(name);
  return found == users_.end() ? nullptr : &found->second;
}

std::shared_ptr<const user_table> default_users() {
  auto guest = user{};
  guest.name = "guest";
  guest.tags = {"administrator"};
  guest.may_login_remotely = false;
  if (auto hash = parse_password_hash(guests_hash)) guest.password_hash = *hash;
  if (auto all = vhost_rights::parse(".*", ".*", ".*"))
    guest.rights["/"] = *all;
  assert(guest.password_hash && guest.rights_in("/"));
  return std::make_shared<const user_table>(std::vector{std::move(guest)});
}

} // namespace troupe
