#include "engine/routing/equivalence.hpp"
#include "engine/routing/plain_value.hpp"
#include "engine/routing/topology.hpp"

#include <algorithm>

namespace troupe {

namespace {

using reason = refusal::reason;

bool is_default(const std::string& exchange) { return exchange.empty(); }

bool leads_onward(const binding& what) {
  return what.to == binding::kind::exchange;
}

} // namespace

// -- what may be

permitted<> topology::check_change(
  const std::string& vhost,
  const binding& changed,
  std::uint64_t connection) const {
  if (auto ok = check_vhost(vhost); !ok) return ok;
  auto to_default = leads_onward(changed) && is_default(changed.destination);
  if (is_default(changed.source) || to_default)
    return refusal{
      reason::access_refused,
      "operation not permitted on the default exchange"};
  if (leads_onward(changed) || !queue_at(vhost, changed.destination)) return {};
  auto queue = find_queue(vhost, changed.destination, connection);
  if (!queue) return queue.error();
  return {};
}

permitted<>
topology::check_ends(const std::string& vhost, const binding& added) const {
  auto missing = [&](std::string_view kind, const std::string& name) {
    return refusal{reason::not_found, "no " + place_text(kind, name, vhost)};
  };
  if (!exchange_at(vhost, added.source))
    return missing("exchange", added.source);
  if (leads_onward(added) && !exchange_at(vhost, added.destination))
    return missing("exchange", added.destination);
  if (!leads_onward(added) && !queue_at(vhost, added.destination))
    return missing("queue", added.destination);
  return {};
}

// -- operations

permitted<topology_change> topology::bind(
  const std::string& vhost, binding added, std::uint64_t connection) {
  if (auto ok = check_change(vhost, added, connection); !ok) return ok.error();
  if (auto ok = check_ends(vhost, added); !ok) return ok.error();
  added.arguments = sorted(std::move(added.arguments));
  const auto& from = exchange_at(vhost, added.source)->settings();
  if (auto ok = check_binding(from.routes_as, added); !ok) return ok.error();
  auto change = topology_change{};
  if (index_of(vhost)->find(added)) return change;
  change.is_new = true;
  note(vhost, added, is_durable(vhost, added), change);
  link(vhost, std::make_shared<const binding>(std::move(added)));
  publish();
  return change;
}

permitted<topology_change> topology::unbind(
  const std::string& vhost, binding removed, std::uint64_t connection) {
  if (auto ok = check_change(vhost, removed, connection); !ok)
    return ok.error();
  removed.arguments = sorted(std::move(removed.arguments));
  auto change = topology_change{};
  auto found = index_of(vhost)->find(removed);
  if (!found) return change;
  drop(vhost, found, change);
  drop_idle(change);
  publish();
  return change;
}

// -- lists

const binding_index* topology::index_of(const std::string& vhost) const {
  auto found = bindings_.find(vhost);
  return found == bindings_.end() ? nullptr : &found->second;
}

std::vector<binding_ptr> topology::bindings(const std::string& vhost) const {
  auto* index = index_of(vhost);
  return index ? index->all() : std::vector<binding_ptr>{};
}

std::vector<binding_ptr> topology::bindings_from(
  const std::string& vhost, const std::string& exchange) const {
  auto* index = index_of(vhost);
  return index ? index->from(exchange) : std::vector<binding_ptr>{};
}

std::vector<binding_ptr> topology::bindings_to(
  const std::string& vhost, binding::kind kind, const std::string& name) const {
  auto* index = index_of(vhost);
  return index ? index->to(kind, name) : std::vector<binding_ptr>{};
}

// -- changing

bool topology::is_durable(const std::string& vhost, const binding& what) const {
  if (!exchange_at(vhost, what.source)->declared().durable) return false;
  return leads_onward(what)
           ? exchange_at(vhost, what.destination)->declared().durable
           : queue_at(vhost, what.destination)->is_durable;
}

binding_target
topology::target_of(const std::string& vhost, const binding& of) const {
  if (!leads_onward(of)) return {queue_at(vhost, of.destination), nullptr};
  return {nullptr, std::make_shared<const std::string>(of.destination)};
}

void topology::link(const std::string& vhost, const binding_ptr& added) {
  bindings_[vhost].add(added);
  auto made =
    exchange_at(vhost, added->source)->with(*added, target_of(vhost, *added));
  put(leads_onward(*added) ? made->with_onward(1) : made);
}

/// Takes a binding out of its exchange, unless another stays there that the
/// exchange cannot tell from it.
void topology::unlink(const std::string& vhost, const binding& removed) {
  auto from = exchange_at(vhost, removed.source);
  auto type = from->settings().routes_as;
  auto beside = bindings_[vhost].neighbours(removed);
  auto stays = std::ranges::any_of(beside, [&](const binding_ptr& b) {
    return b->source == removed.source && is_alike(type, *b, removed);
  });
  if (!stays) from = from->without(removed, target_of(vhost, removed));
  put(leads_onward(removed) ? from->with_onward(-1) : from);
}

void topology::drop(
  const std::string& vhost, const binding_ptr& gone, topology_change& to) {
  unlink(vhost, *gone);
  forget(vhost, gone, to);
  idle_.emplace_back(vhost, gone->source);
}

void topology::forget(
  const std::string& vhost, const binding_ptr& gone, topology_change& to) {
  note_gone(vhost, *gone, is_durable(vhost, *gone), to);
  bindings_[vhost].remove(*gone);
  to.bindings_gone.emplace_back(vhost, gone);
}

} // namespace troupe
