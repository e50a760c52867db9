#include "engine/routing/binding_table.hpp"

namespace troupe {

namespace {

struct adding {
  const binding& what;
  const binding_target& target;

  void operator()(target_set& to) const { to.set(target); }
  void operator()(shared_map<target_set>& to) const {
    auto* old = to.find(what.routing_key);
    auto targets = old ? *old : target_set{};
    targets.set(target);
    to.set(what.routing_key, std::move(targets));
  }
  void operator()(topic_trie& to) const { to.add(what.routing_key, target); }
  void operator()(header_rules& to) const {
    to.set(std::make_shared<const header_rule>(what, target));
  }
  void operator()(hash_rules& to) const {
    to.set(make_hash_rule(what, target));
  }
};

struct removing {
  const binding& what;
  const binding_target& target;

  void operator()(target_set& from) const { from.erase(target); }
  void operator()(shared_map<target_set>& from) const {
    auto* old = from.find(what.routing_key);
    if (!old) return;
    auto left = *old;
    left.erase(target);
    if (left.empty())
      from.erase(what.routing_key);
    else
      from.set(what.routing_key, std::move(left));
  }
  void operator()(topic_trie& from) const {
    from.remove(what.routing_key, target);
  }
  void operator()(header_rules& from) const {
    from.erase(std::make_shared<const header_rule>(what, target));
  }
  void operator()(hash_rules& from) const {
    from.erase(make_hash_rule(what, target));
  }
};

} // namespace

binding_table make_binding_table(exchange_type routes_as) {
  switch (routes_as) {
    case exchange_type::direct: return shared_map<target_set>{};
    case exchange_type::topic: return topic_trie{};
    case exchange_type::headers: return header_rules{};
    case exchange_type::consistent_hash: return hash_rules{};
    default: return target_set{};
  }
}

permitted<> check_binding(exchange_type routes_as, const binding& added) {
  if (routes_as == exchange_type::headers)
    return check_header_binding(added.arguments);
  if (routes_as == exchange_type::consistent_hash)
    return check_hash_binding(added.routing_key);
  return {};
}

void add(
  binding_table& to, const binding& added, const binding_target& target) {
  std::visit(adding{added, target}, to);
}

void remove(
  binding_table& from, const binding& removed, const binding_target& target) {
  std::visit(removing{removed, target}, from);
}

bool is_alike(exchange_type routes_as, const binding& a, const binding& b) {
  if (a.to != b.to || a.destination != b.destination) return false;
  switch (routes_as) {
    case exchange_type::headers: return a == b;
    case exchange_type::direct:
    case exchange_type::topic:
    case exchange_type::consistent_hash: return a.routing_key == b.routing_key;
    default: return true;
  }
}

} // namespace troupe
