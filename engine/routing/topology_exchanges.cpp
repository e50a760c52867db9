#include "engine/routing/equivalence.hpp"
#include "engine/routing/topology.hpp"

namespace troupe {

namespace {

using reason = refusal::reason;

permitted<> check_not_default(const std::string& name) {
  if (!name.empty()) return {};
  return refusal{
    reason::access_refused, "operation not permitted on the default exchange"};
}

permitted<> check_new_name(const std::string& name) {
  if (!name.starts_with("amq.")) return {};
  return refusal{
    reason::access_refused,
    "exchange name '" + name + "' contains reserved prefix 'amq.*'"};
}

} // namespace

bool topology::is_noted(const exchange& one) {
  return !one.is_default() && !one.name().starts_with("amq.");
}

permitted<topology_change> topology::declare_exchange(
  const std::string& vhost, const exchange_declaration& declared) {
  if (auto ok = check_vhost(vhost); !ok) return ok.error();
  // Arguments count only where the exchange is new, the type always.
  auto settings = read_exchange(declared, vhost);
  if (!settings && !parse_exchange_type(declared.type)) return settings.error();
  if (auto ok = check_not_default(declared.name); !ok) return ok.error();
  auto change = topology_change{};
  if (auto there = exchange_at(vhost, declared.name)) {
    if (auto ok = check_same(*there, declared); !ok) return ok.error();
    return change;
  }
  if (auto ok = check_new_name(declared.name); !ok) return ok.error();
  if (!settings) return settings.error();
  put(std::make_shared<const exchange>(vhost, declared, std::move(*settings)));
  if (declared.durable)
    restore_waiting({vhost, binding::kind::exchange, declared.name});
  change.is_new = true;
  note(vhost, declared, declared.durable, change);
  publish();
  return change;
}

permitted<exchange_ptr> topology::find_exchange(
  const std::string& vhost, const std::string& name) const {
  if (auto ok = check_vhost(vhost); !ok) return ok.error();
  if (auto ok = check_not_default(name); !ok) return ok.error();
  if (auto found = exchange_at(vhost, name)) return found;
  return refusal{
    reason::not_found, "no " + place_text("exchange", name, vhost)};
}

permitted<topology_change> topology::delete_exchange(
  const std::string& vhost, const std::string& name, removal when) {
  if (auto ok = check_vhost(vhost); !ok) return ok.error();
  if (auto ok = check_not_default(name); !ok) return ok.error();
  auto place = place_text("exchange", name, vhost);
  if (name.starts_with("amq."))
    return refusal{
      reason::access_refused, "deletion of system " + place + " not allowed"};
  auto change = topology_change{};
  auto found = exchange_at(vhost, name);
  if (!found) return change;
  if (when == removal::if_unused && index_of(vhost)->has_from(name))
    return refusal{reason::precondition_failed, place + " in use"};
  drop(found, change);
  drop_idle(change);
  publish();
  return change;
}

void topology::drop(const exchange_ptr& gone, topology_change& to) {
  const auto& vhost = gone->vhost();
  const auto& index = bindings_[vhost];
  for (const auto& b : index.from(gone->name())) forget(vhost, b, to);
  for (const auto& b : index.to(binding::kind::exchange, gone->name()))
    drop(vhost, b, to);
  auto in = *next_.vhosts_.find(vhost);
  in.exchanges.erase(gone->name());
  next_.vhosts_.set(vhost, std::move(in));
  if (is_noted(*gone))
    note_gone(vhost, gone->declared(), gone->declared().durable, to);
  to.exchanges_gone.push_back(gone);
}

/// Drops auto-delete exchanges that lost their last binding, and those whose
/// last binding led to one of them.
void topology::drop_idle(topology_change& to) {
  while (!idle_.empty()) {
    auto [vhost, name] = std::move(idle_.back());
    idle_.pop_back();
    auto found = exchange_at(vhost, name);
    if (!found || !found->declared().auto_delete) continue;
    if (!index_of(vhost)->has_from(name)) drop(found, to);
  }
}

void topology::restore(
  const std::string& vhost,
  const exchange_declaration& declared,
  exchange_settings settings) {
  if (exchange_at(vhost, declared.name)) return;
  put(std::make_shared<const exchange>(vhost, declared, std::move(settings)));
  restore_waiting({vhost, binding::kind::exchange, declared.name});
}

} // namespace troupe
