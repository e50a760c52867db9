#pragma once

#include "engine/cluster/group_record.hpp"

#include <optional>
#include <vector>

namespace troupe::cluster {

/// Whose acks a leader waits for: those the coordinator confirmed, together
/// with those it was asked for and has not answered about (rule R2). Which of
/// the two holds cannot be known in between, so both do.
class in_sync_set {
public:
  void confirm(std::vector<in_sync_member> members);
  void propose(std::vector<in_sync_member> members);
  void withdraw();

  /// Returns all of them; a member whose disk is being replaced comes twice.
  const std::vector<in_sync_member>& effective() const { return effective_; }

  /// True where the member may ack with this disk.
  bool counts(member_id member, store_id store) const;

  /// Returns the size of the smaller of the two sets.
  std::size_t smallest() const;

  /// Takes the proposed set alone, against rule R2; for tests of the tests.
  void trust_proposals() { trusts_proposals_ = true; }

private:
  void unite();

  std::vector<in_sync_member> confirmed_;
  std::optional<std::vector<in_sync_member>> proposed_;
  std::vector<in_sync_member> effective_;
  bool trusts_proposals_ = false;
};

} // namespace troupe::cluster
