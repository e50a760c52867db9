#include "actors/subscribers.hpp"

#include <caf/actor_cast.hpp>

namespace troupe {

namespace {

caf::actor_addr address_of(const caf::strong_actor_ptr& who) {
  return caf::actor_cast<caf::actor_addr>(who);
}

} // namespace

consumer_id
subscribers::add(const caf::strong_actor_ptr& who, std::uint64_t number) {
  auto id = consumer_id{++last_};
  all_[id] = {who, number, {}, 1};
  ids_[{address_of(who), number}] = id;
  return id;
}

consumer_id subscribers::id_of(
  const caf::strong_actor_ptr& who, std::uint64_t number) const {
  auto found = ids_.find({address_of(who), number});
  return found == ids_.end() ? consumer_id{} : found->second;
}

subscriber* subscribers::find(consumer_id id) {
  auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

void subscribers::remove(consumer_id id) {
  auto found = all_.find(id);
  if (found == all_.end()) return;
  ids_.erase({address_of(found->second.who), found->second.number});
  all_.erase(found);
}

std::vector<consumer_id> subscribers::of(const caf::actor_addr& who) const {
  auto found = std::vector<consumer_id>{};
  for (auto x = ids_.lower_bound({who, 0});
       x != ids_.end() && x->first.first == who; ++x)
    found.push_back(x->second);
  return found;
}

} // namespace troupe
