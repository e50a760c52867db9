#pragma once

#include "actors/cluster/frame_carrier.hpp"

namespace troupe::test {

/// Carries at once to one other member, if there is a way.
class short_way final : public frame_carrier {
public:
  explicit short_way(member_id self) : self_{self} {}

  void set_members(const std::map<member_id, named_member>&) override {}

  void send(member_id, message_kind kind, std::string message) override {
    if (drops) return;
    to->hand_over(self_, static_cast<std::size_t>(kind), std::move(message));
  }

  std::vector<member_id> reachable() const override {
    if (!to) return {};
    return {to->self_};
  }

  using frame_carrier::hand_over;

  short_way* to = nullptr;
  bool drops = false;

private:
  member_id self_;
};

} // namespace troupe::test
