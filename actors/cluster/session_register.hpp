#pragma once

#include "engine/base/ids.hpp"
#include "engine/cluster/group_record.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>

namespace troupe {

/// Finds the actor that a frame between a gateway and a shard is for, so that
/// the links' thread can hand it over without a detour. May be used from any
/// thread. It keeps nobody alive.
class session_register {
public:
  struct session_key {
    cluster::member_id from{};
    std::string queue;
    group_id group{};
    auto operator<=>(const session_key&) const = default;
  };

  void add_gateway(const std::string& queue, const caf::actor& who) {
    auto guard = std::lock_guard{mutex_};
    gateways_[queue] = who.address();
  }

  caf::actor gateway(const std::string& queue) const {
    auto guard = std::lock_guard{mutex_};
    auto found = gateways_.find(queue);
    if (found == gateways_.end()) return {};
    return caf::actor_cast<caf::actor>(found->second);
  }

  /// Replaces an earlier session of the same gateway with the same shard, and
  /// returns who held it.
  caf::actor add_session(
    const session_key& of, std::uint64_t number, const caf::actor& who) {
    auto guard = std::lock_guard{mutex_};
    auto& entry = sessions_[of];
    auto before = caf::actor_cast<caf::actor>(entry.second);
    entry = {number, who.address()};
    return before;
  }

  caf::actor session(const session_key& of, std::uint64_t number) const {
    auto guard = std::lock_guard{mutex_};
    auto found = sessions_.find(of);
    if (found == sessions_.end() || found->second.first != number) return {};
    return caf::actor_cast<caf::actor>(found->second.second);
  }

  void remove_session(const session_key& of, std::uint64_t number) {
    auto guard = std::lock_guard{mutex_};
    auto found = sessions_.find(of);
    if (found != sessions_.end() && found->second.first == number)
      sessions_.erase(found);
  }

  /// Forgets a gateway that has ended, unless another took its place. Returns
  /// its queue, or nothing where it was none.
  std::optional<std::string> remove_gateway(const caf::actor_addr& who) {
    auto guard = std::lock_guard{mutex_};
    auto is_its = [&](const auto& x) { return x.second == who; };
    auto found = std::ranges::find_if(gateways_, is_its);
    if (found == gateways_.end()) return std::nullopt;
    return gateways_.extract(found).key();
  }

private:
  using numbered = std::pair<std::uint64_t, caf::actor_addr>;

  mutable std::mutex mutex_;                        // guards what follows
  std::map<std::string, caf::actor_addr> gateways_; // by full name
  std::map<session_key, numbered> sessions_;
};

} // namespace troupe
