#pragma once

#include "actors/cluster/frame_carrier.hpp"

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// What members send each other, until the test lets it through: in order, or
/// lost where the way there is cut.
class toy_network {
public:
  using member_id = cluster::member_id;

  class links final : public frame_carrier {
  public:
    links(toy_network& in, member_id self) : in_{in}, self_{self} {}

    void set_members(const std::map<member_id, named_member>& all) override {
      known = all;
    }

    void send(member_id to, message_kind kind, std::string message) override {
      if (in_.cut_.contains({self_, to})) return;
      in_.waiting_.push_back({self_, to, kind, std::move(message)});
    }

    std::vector<member_id> reachable() const override {
      auto all = std::vector<member_id>{};
      for (const auto& [member, x] : in_.members_)
        if (member != self_ && !in_.cut_.contains({self_, member}))
          all.push_back(member);
      return all;
    }

    std::map<member_id, named_member> known;

  private:
    friend toy_network;
    toy_network& in_;
    member_id self_;
  };

  struct frame {
    member_id from{};
    member_id to{};
    message_kind kind{};
    std::string bytes;
  };

  std::shared_ptr<links> open(member_id self) {
    return members_[self] = std::make_shared<links>(*this, self);
  }

  /// Lets nothing through from one to another; what is under way is lost.
  void cut(member_id from, member_id to) {
    cut_.insert({from, to});
    std::erase_if(
      waiting_, [&](const frame& x) { return x.from == from && x.to == to; });
  }

  void heal(member_id from, member_id to) { cut_.erase({from, to}); }

  /// Hands over what waits; false if nothing did.
  bool deliver() {
    auto all = std::exchange(waiting_, {});
    for (auto& x : all) {
      ++delivered;
      if (auto to = members_.find(x.to); to != members_.end())
        to->second->hand_over(
          x.from, static_cast<std::size_t>(x.kind), std::move(x.bytes));
    }
    return !all.empty();
  }

  /// Loses what waits of a kind.
  std::size_t lose(message_kind kind) {
    return std::erase_if(
      waiting_, [&](const frame& x) { return x.kind == kind; });
  }

  const std::deque<frame>& waiting() const { return waiting_; }

  std::size_t delivered = 0;

private:
  std::map<member_id, std::shared_ptr<links>> members_;
  std::set<std::pair<member_id, member_id>> cut_;
  std::deque<frame> waiting_;
};

} // namespace troupe::test
