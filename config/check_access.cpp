#include "config/checking.hpp"
#include "config/plan.hpp"
#include "engine/access/name_pattern.hpp"
#include "engine/access/password_hash.hpp"

namespace troupe {

namespace {

// Nobody wants a password in a log, and a line may hold one.
void hide_line(fault& fault) { fault.where.text.clear(); }

void check_hash(const checking& at, const user_config& user) {
  if (user.password_hash.empty()) return;
  if (parse_password_hash(user.password_hash)) return;
  auto& fault = at.add_fault(
    "E0136", "user " + ticked(user.name) + " has no good `password_hash`",
    "users/" + user.name + "/password_hash");
  hide_line(fault);
  fault.label = "not a hash";
  fault.help = "print one with `troupe hash-password`";
}

void check_password(const checking& at, const user_config& user) {
  auto path = "users/" + user.name + "/password";
  if (!at.places.contains(path)) return;
  if (at.places.contains(path + "_hash")) {
    auto& fault = at.add_fault(
      "E0137", "user " + ticked(user.name) + " has a password and a hash",
      path);
    hide_line(fault);
    fault.label = "remove it";
    return;
  }
  auto comes_from_outside =
    at.places.find(path).text.find("${") != std::string::npos;
  if (comes_from_outside) return;
  auto& fault = at.add_fault(
    "W0405", "the password of user " + ticked(user.name) + " is in the file",
    path);
  hide_line(fault);
  fault.label = "can be read by whoever reads the file";
  fault.help = "write `password_hash` with what `troupe hash-password` prints, "
               "or take it from the environment: \"${VAR}\"";
}

void check_pattern(
  const checking& at, const std::string& text, const std::string& path) {
  auto made = name_pattern::parse(text);
  if (made) return;
  auto& fault = at.add_fault("E0135", made.error().detail, path);
  fault.label = "cannot be understood";
  fault.help = "as in \"^orders\", \".*\" for all names, \"\" for none";
}

void check_permission(
  const checking& at,
  const plan& plan,
  const std::string& vhost,
  const permission_config& rights,
  const std::string& path) {
  check_pattern(at, rights.configure, path + "/configure");
  check_pattern(at, rights.write, path + "/write");
  check_pattern(at, rights.read, path + "/read");
  if (plan.vhosts.contains(vhost)) return;
  auto& fault =
    at.add_fault("E0132", "there is no vhost " + ticked(vhost), path);
  fault.label = "not declared";
  fault.help = "add [vhosts.\"" + vhost + "\"]";
}

} // namespace

void check_access(const checking& at) {
  const auto plan = make_plan(at.config);
  for (const auto& [name, user] : at.config.users) {
    check_hash(at, user);
    check_password(at, user);
    for (const auto& [vhost, rights] : user.permissions)
      check_permission(
        at, plan, vhost, rights, "users/" + name + "/permissions/" + vhost);
  }
}

} // namespace troupe
