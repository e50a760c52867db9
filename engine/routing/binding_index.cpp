#include "engine/routing/binding_index.hpp"

#include <iterator>
#include <tuple>

namespace troupe {

namespace {

/// Compares what is left once the ends are equal. Arguments come last and are
/// encoded only where everything else is the same.
bool rest_before(const binding& a, const binding& b) {
  if (a.routing_key != b.routing_key) return a.routing_key < b.routing_key;
  if (a.arguments == b.arguments) return false;
  return encode(a.arguments) < encode(b.arguments);
}

} // namespace

bool binding_index::by_source::before(const binding& a, const binding& b) {
  auto left = std::tie(a.source, a.to, a.destination);
  auto right = std::tie(b.source, b.to, b.destination);
  return left != right ? left < right : rest_before(a, b);
}

bool binding_index::by_destination::before(const binding& a, const binding& b) {
  auto left = std::tie(a.to, a.destination, a.source);
  auto right = std::tie(b.to, b.destination, b.source);
  return left != right ? left < right : rest_before(a, b);
}

binding_ptr binding_index::find(const binding& like) const {
  auto found = by_source_.find(like);
  return found == by_source_.end() ? nullptr : *found;
}

void binding_index::add(const binding_ptr& added) {
  by_source_.insert(added);
  by_destination_.insert(added);
}

void binding_index::remove(const binding& removed) {
  auto found = by_source_.find(removed);
  if (found == by_source_.end()) return;
  auto kept = *found; // `removed` may be what the sets hold
  by_source_.erase(found);
  by_destination_.erase(kept);
}

bool binding_index::has_from(const std::string& exchange) const {
  auto first = binding{};
  first.source = exchange;
  auto found = by_source_.lower_bound(first);
  return found != by_source_.end() && (*found)->source == exchange;
}

std::vector<binding_ptr> binding_index::all() const {
  return {by_source_.begin(), by_source_.end()};
}

std::vector<binding_ptr>
binding_index::from(const std::string& exchange) const {
  auto first = binding{};
  first.source = exchange;
  auto found = std::vector<binding_ptr>{};
  for (auto at = by_source_.lower_bound(first);
       at != by_source_.end() && (*at)->source == exchange; ++at)
    found.push_back(*at);
  return found;
}

std::vector<binding_ptr>
binding_index::to(binding::kind kind, const std::string& name) const {
  auto first = binding{};
  first.to = kind;
  first.destination = name;
  auto found = std::vector<binding_ptr>{};
  for (auto at = by_destination_.lower_bound(first);
       at != by_destination_.end() && (*at)->to == kind
       && (*at)->destination == name;
       ++at)
    found.push_back(*at);
  return found;
}

std::vector<binding_ptr> binding_index::neighbours(const binding& of) const {
  auto at = by_source_.find(of);
  auto found = std::vector<binding_ptr>{};
  if (at == by_source_.end()) return found;
  if (at != by_source_.begin()) found.push_back(*std::prev(at));
  if (std::next(at) != by_source_.end()) found.push_back(*std::next(at));
  return found;
}

} // namespace troupe
