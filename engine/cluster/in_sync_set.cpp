#include "engine/cluster/in_sync_set.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {

void in_sync_set::confirm(std::vector<in_sync_member> members) {
  confirmed_ = std::move(members);
  withdraw();
}

void in_sync_set::propose(std::vector<in_sync_member> members) {
  proposed_ = std::move(members);
  unite();
}

void in_sync_set::withdraw() {
  proposed_.reset();
  unite();
}

bool in_sync_set::counts(member_id member, store_id store) const {
  auto wanted = in_sync_member{member, store};
  return std::ranges::find(effective_, wanted) != effective_.end();
}

std::size_t in_sync_set::smallest() const {
  auto size = confirmed_.size();
  return proposed_ ? std::min(size, proposed_->size()) : size;
}

void in_sync_set::unite() {
  effective_ = trusts_proposals_ && proposed_ ? *proposed_ : confirmed_;
  if (!proposed_) return;
  for (const auto& x : *proposed_)
    if (!counts(x.member, x.store)) effective_.push_back(x);
}

} // namespace troupe::cluster
