#pragma once

#include "engine/routing/exchange.hpp"
#include "engine/routing/routed_queue.hpp"
#include "engine/routing/shared_map.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// All exchanges and queues as they were at one moment. Never changed and safe
/// from many threads; what is found is good as long as the snapshot.
class routing_snapshot {
public:
  bool has_vhost(std::string_view name) const { return vhosts_.find(name); }

  /// Null where there is none. The default exchange has an empty name.
  const exchange*
  find_exchange(std::string_view vhost, std::string_view name) const {
    auto* in = vhosts_.find(vhost);
    auto* found = in ? in->exchanges.find(name) : nullptr;
    return found ? found->get() : nullptr;
  }

  const routed_queue*
  find_queue(std::string_view vhost, std::string_view name) const {
    auto* in = vhosts_.find(vhost);
    auto* found = in ? in->queues.find(name) : nullptr;
    return found ? found->get() : nullptr;
  }

  // -- for lists, in no order

  /// Calls `visit(name)` for each vhost.
  template <class Visitor>
  void for_each_vhost(Visitor visit) const {
    vhosts_.for_each([&](const std::string& name, auto&) { visit(name); });
  }

  /// Calls `visit(exchange)` for each exchange of a vhost.
  template <class Visitor>
  void for_each_exchange(std::string_view vhost, Visitor visit) const {
    if (auto* in = vhosts_.find(vhost))
      in->exchanges.for_each([&](auto&, auto& one) { visit(*one); });
  }

  /// Calls `visit(queue)` for each queue of a vhost.
  template <class Visitor>
  void for_each_queue(std::string_view vhost, Visitor visit) const {
    if (auto* in = vhosts_.find(vhost))
      in->queues.for_each([&](auto&, auto& one) { visit(*one); });
  }

private:
  friend class topology;

  struct vhost_routes {
    shared_map<exchange_ptr> exchanges;
    shared_map<routed_queue_ptr> queues;
  };

  shared_map<vhost_routes> vhosts_;
};

} // namespace troupe
