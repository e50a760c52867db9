#include "engine/access/user.hpp"

namespace troupe {

namespace {

constexpr std::string_view default_exchange = "amq.default";

} // namespace

std::string_view to_string(access_right right) {
  switch (right) {
    case access_right::configure: return "configure";
    case access_right::write: return "write";
    case access_right::read: return "read";
  }
  return "unknown";
}

result<vhost_rights> vhost_rights::parse(
  std::string_view configure, std::string_view write, std::string_view read) {
  auto out = vhost_rights{};
  for (auto [text, to] :
       {std::pair{configure, &out.configure}, std::pair{write, &out.write},
        std::pair{read, &out.read}}) {
    auto made = name_pattern::parse(text);
    if (!made) return made.error();
    *to = std::move(*made);
  }
  return out;
}

bool vhost_rights::allow(access_right right, std::string_view name) const {
  if (name.empty()) name = default_exchange;
  switch (right) {
    case access_right::configure: return configure.finds(name);
    case access_right::write: return write.finds(name);
    case access_right::read: return read.finds(name);
  }
  return false;
}

const vhost_rights* user::rights_in(std::string_view vhost) const {
  auto found = rights.find(vhost);
  return found == rights.end() ? nullptr : &found->second;
}

bool user::may(
  access_right right, std::string_view vhost, std::string_view of) const {
  const auto* here = rights_in(vhost);
  return here != nullptr && here->allow(right, of);
}

} // namespace troupe
