#include "actors/cluster/member_links.hpp"

#include <spdlog/spdlog.h>

namespace troupe {

result<std::unique_ptr<member_links>>
member_links::open(peer_links_options options) {
  auto made = std::make_unique<member_links>();
  auto* self = made.get();
  auto told = peer_links_events{};
  told.on_message = [self](const std::string& from, std::string message) {
    self->received(from, std::move(message));
  };
  told.on_up = [self](const std::string& x) { self->tell(x, true); };
  told.on_down = [self](const std::string& x, const std::string& why) {
    spdlog::warn("the link to {} is down: {}", x, why);
    self->tell(x, false);
  };
  told.on_dropped = [self](const std::string& x) { self->begin_anew(x); };
  told.on_trouble = [](const std::string& text) {
    spdlog::warn("cluster: {}", text);
  };
  auto opened = peer_links::open(std::move(options), std::move(told));
  if (!opened) return opened.error();
  made->links_ = std::move(*opened);
  return made;
}

void member_links::start(events told) {
  events_ = std::move(told);
  links_->start();
}

void member_links::set_members(const std::map<member_id, named_member>& all) {
  auto known = std::map<std::string, known_member>{};
  {
    auto guard = std::lock_guard{mutex_};
    ids_.clear();
    names_.clear();
    for (const auto& [id, x] : all) {
      ids_[x.name] = id;
      names_[id] = x.name;
      known[x.name] = x.where;
    }
  }
  links_->set_members(std::move(known));
}

void member_links::send(member_id to, message_kind kind, std::string message) {
  auto name = std::string{};
  {
    auto guard = std::lock_guard{mutex_};
    auto found = names_.find(to);
    if (found == names_.end()) return; // not registered, or gone
    name = found->second;
  }
  message.push_back(static_cast<char>(kind));
  links_->send(name, std::move(message));
}

std::vector<cluster::member_id> member_links::reachable() const {
  auto guard = std::lock_guard{mutex_};
  auto all = std::vector<member_id>{};
  for (auto [id, is_up] : up_)
    if (is_up) all.push_back(id);
  return all;
}

void member_links::received(const std::string& from, std::string message) {
  // What takes it bounds what comes: windows of entries, publishers' windows,
  // consumers' credit.
  links_->handled(from, message.size());
  if (message.empty()) return;
  auto kind =
    static_cast<std::size_t>(static_cast<unsigned char>(message.back()));
  message.pop_back();
  auto id = id_of(from);
  if (id != cluster::nobody) hand_over(id, kind, std::move(message));
}

cluster::member_id member_links::id_of(const std::string& name) const {
  auto guard = std::lock_guard{mutex_};
  auto found = ids_.find(name);
  return found == ids_.end() ? cluster::nobody : found->second;
}

/// What a member did not get leaves a gap: it and this one start over.
void member_links::begin_anew(const std::string& name) {
  auto id = id_of(name);
  auto is_up = false;
  {
    auto guard = std::lock_guard{mutex_};
    auto known = up_.find(id);
    is_up = known != up_.end() && known->second;
  }
  if (!is_up) return; // it does so by itself
  tell(name, false);
  tell(name, true);
}

void member_links::tell(const std::string& name, bool is_up) {
  auto id = id_of(name);
  if (id == cluster::nobody) return;
  {
    auto guard = std::lock_guard{mutex_};
    up_[id] = is_up;
  }
  auto& event = is_up ? events_.on_up : events_.on_down;
  if (event) event(id);
}

} // namespace troupe
