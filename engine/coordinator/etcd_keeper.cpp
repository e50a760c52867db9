#include "engine/coordinator/etcd_keeper.hpp"

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

using step = etcd_order::step;

bool has_url(const etcd_listed_member& member, const std::string& url) {
  return std::find(member.peer_urls.begin(), member.peer_urls.end(), url)
         != member.peer_urls.end();
}

result<endpoint> peer_of(const etcd_listed_member& member) {
  for (const auto& url : member.peer_urls)
    if (auto at = url.find("://"); at != std::string::npos)
      return parse_endpoint(std::string_view{url}.substr(at + 3));
  return error{errc::bad_input, "a member has no address"};
}

} // namespace

etcd_keeper::etcd_keeper(etcd_settings settings, backoff retries)
  : settings_{std::move(settings)}, retries_{retries} {}

void etcd_keeper::on_failed(time_point now, double random) {
  next_ = now + retries_.delay(++failures_, random);
}

etcd_order etcd_keeper::on_view(const etcd_view& view, time_point now) {
  if (view.is_running) {
    if (std::exchange(is_adopted_, true) || view.is_child) return {};
    return {step::adopt, {}, {}, 0, "an etcd runs here already; adopting it"};
  }
  is_adopted_ = false;
  if (now < next_) return {};
  if (view.has_data)
    return {step::start, etcd_beginning::joining, settings_.members, 0, {}};
  return begin(view);
}

// Begins without data.
etcd_order etcd_keeper::begin(const etcd_view& view) {
  if (view.listed) return join(view);
  if (!view.was_member)
    return {step::start, etcd_beginning::anew, settings_.members, 0, {}};
  if (settings_.members.size() == 1)
    return wait(
      "etcd's data is gone, and no other member has a copy; put back a copy "
      "of '"
      + data_folder(settings_).string() + "', or remove '"
      + (settings_.folder / "etcd.member").string()
      + "' to begin a cluster that knows nothing");
  return wait(
    "etcd's data is gone; waiting for other members to answer, so that they "
    "can replace this one");
}

etcd_order etcd_keeper::join(const etcd_view& view) {
  const auto& listed = *view.listed;
  const auto* self = own_member(settings_);
  if (self == nullptr) return wait(check(settings_).detail);
  auto url = peer_url(settings_, *self);
  auto own = std::find_if(listed.begin(), listed.end(), [&](const auto& x) {
    return x.name == self->name || has_url(x, url);
  });
  if (own == listed.end())
    return {
      step::enlist,
      {},
      {},
      0,
      "asking other members of etcd to take this one in"};
  if (own->name.empty())
    return {
      step::start, etcd_beginning::joining, to_members(listed), 0,
      "joining the other members of etcd"};
  // One of those that begin together, while others have begun already.
  if (own->client_urls.empty() && !view.was_member)
    return {step::start, etcd_beginning::anew, settings_.members, 0, {}};
  return {
    step::enlist,
    {},
    {},
    own->id,
    "etcd's data is gone; asking the other members to replace this one"};
}

etcd_order etcd_keeper::wait(std::string why) {
  auto is_new = said_ != why;
  said_ = why;
  return {step::wait, {}, {}, 0, is_new ? std::move(why) : std::string{}};
}

// A member that was not started yet has no name of its own; any other will do.
std::vector<etcd_member>
etcd_keeper::to_members(const std::vector<etcd_listed_member>& listed) const {
  auto out = std::vector<etcd_member>{};
  const auto* self = own_member(settings_);
  for (const auto& x : listed) {
    auto is_self = has_url(x, peer_url(settings_, *self));
    auto name = is_self          ? self->name
                : x.name.empty() ? "member-" + std::to_string(x.id)
                                 : x.name;
    if (auto at = peer_of(x)) out.push_back({std::move(name), std::move(*at)});
  }
  return out;
}

} // namespace troupe
