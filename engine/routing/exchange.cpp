#include "engine/routing/exchange.hpp"

#include "engine/routing/route_walk.hpp"

namespace troupe {

exchange::exchange(
  std::string vhost, exchange_declaration declared, exchange_settings settings)
  : fixed_{std::make_shared<const fixed>(
    fixed{std::move(vhost), std::move(declared), std::move(settings)})},
    table_{make_binding_table(fixed_->settings.routes_as)} {}

bool exchange::routes_by_key_only() const {
  const auto& set = fixed_->settings;
  if (is_delayed() || onward_ != 0 || !set.alternate.empty()) return false;
  switch (set.type) {
    case exchange_type::direct:
    case exchange_type::fanout:
    case exchange_type::topic:
    case exchange_type::modulus_hash: return true;
    case exchange_type::consistent_hash:
      return set.hash.what == hash_source::part::routing_key;
    default: return false;
  }
}

std::optional<duration> exchange::delay(const message& of) const {
  return is_delayed() ? delay_of(of) : std::nullopt;
}

bool exchange::keeps(const message& what) const {
  return has_history() && may_be_kept(what);
}

void exchange::route(
  const routing_snapshot& in, const message& what, route_result& to) const {
  route_walk{in, what, to}.run(*this);
}

exchange_ptr
exchange::with(const binding& added, const binding_target& target) const {
  auto made = std::make_shared<exchange>(*this);
  add(made->table_, added, target);
  return made;
}

exchange_ptr
exchange::without(const binding& removed, const binding_target& target) const {
  auto made = std::make_shared<exchange>(*this);
  remove(made->table_, removed, target);
  return made;
}

exchange_ptr exchange::with_onward(std::ptrdiff_t more) const {
  auto made = std::make_shared<exchange>(*this);
  made->onward_ += more;
  return made;
}

} // namespace troupe
