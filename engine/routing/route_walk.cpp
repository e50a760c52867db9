#include "engine/routing/route_walk.hpp"

#include "engine/base/stable_hash.hpp"

#include <algorithm>
#include <functional>

namespace troupe {

namespace {

/// Steps SplitMix64.
std::uint64_t next_random(std::uint64_t& state) {
  auto x = state += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

} // namespace

/// Finds the targets of one exchange, by the layout of its bindings.
struct matching {
  route_walk& walk;
  const exchange_settings& settings;

  void operator()(const target_set& all) const {
    if (all.empty()) return;
    switch (settings.routes_as) {
      case exchange_type::random:
      case exchange_type::local_random:
        return walk.take(all.nth(next_random(walk.to_.random) % all.size()));
      case exchange_type::modulus_hash:
        return walk.take(
          all.nth(stable_hash(walk.what_.routing_key()) % all.size()));
      default: return walk.take(all);
    }
  }

  void operator()(const shared_map<target_set>& by_key) const {
    for (auto key : walk.scratch_.keys)
      if (auto* found = by_key.find(key)) walk.take(*found);
  }

  void operator()(const topic_trie& patterns) const {
    auto& sets = walk.scratch_.sets;
    sets.clear();
    for (auto key : walk.scratch_.keys)
      patterns.match(key, walk.scratch_.search, sets);
    for (auto* found : sets) walk.take(*found);
  }

  void operator()(const header_rules& rules) const {
    if (rules.empty()) return;
    const auto& headers = walk.headers();
    rules.for_each([&](const auto& rule) {
      if (rule->matches(headers)) walk.take(rule->target());
    });
  }

  void operator()(const hash_rules& rules) const {
    auto part = hashed_part(walk.what_, settings.hash, walk.scratch_.text);
    if (auto* found = choose(rules, part)) walk.take(*found);
  }
};

void route_walk::run(const exchange& first) {
  to_.wrong_header = read_routing_keys(what_, scratch_.keys);
  if (!to_.wrong_header.empty()) return;
  scratch_.seen.clear();
  scratch_.pending.clear();
  runs_ = to_.queues.empty() ? 0 : 1;
  pass(first);
  while (!scratch_.pending.empty()) {
    const auto& name = *scratch_.pending.back();
    scratch_.pending.pop_back();
    if (auto* next = in_.find_exchange(first.vhost(), name)) pass(*next);
  }
  if (runs_ < 2 || to_.queues.size() < 2) return;
  auto& queues = to_.queues;
  std::sort(queues.begin(), queues.end(), std::less<>{});
  queues.erase(std::unique(queues.begin(), queues.end()), queues.end());
}

void route_walk::pass(const exchange& through) {
  if (!is_new(through)) return;
  if (auto delay = through.delay(what_)) {
    to_.delayed.push_back({&through, *delay});
    return;
  }
  if (through.keeps(what_)) to_.kept_by.push_back(&through);
  auto queues = to_.queues.size();
  auto onward = scratch_.pending.size();
  if (through.is_default())
    match_default(through);
  else
    std::visit(matching{*this, through.settings()}, through.table());
  auto matched = to_.queues.size() > queues || scratch_.pending.size() > onward;
  if (!matched && !through.settings().alternate.empty())
    scratch_.pending.push_back(&through.settings().alternate);
}

bool route_walk::is_new(const exchange& one) {
  auto& seen = scratch_.seen;
  auto at = std::lower_bound(seen.begin(), seen.end(), &one, std::less<>{});
  if (at != seen.end() && *at == &one) return false;
  seen.insert(at, &one);
  return true;
}

void route_walk::match_default(const exchange& one) {
  for (auto key : scratch_.keys) {
    auto* found = in_.find_queue(one.vhost(), key);
    if (!found) continue;
    to_.queues.push_back(found);
    ++runs_;
  }
}

const std::vector<seen_header>& route_walk::headers() {
  if (!has_headers_) read_headers(what_, scratch_.headers);
  has_headers_ = true;
  return scratch_.headers;
}

void route_walk::take(const target_set& targets) {
  ++runs_;
  targets.for_each([&](const binding_target& target) {
    if (target.queue)
      to_.queues.push_back(target.queue.get());
    else
      scratch_.pending.push_back(target.exchange.get());
  });
}

void route_walk::take(const binding_target& target) {
  ++runs_;
  if (target.queue)
    to_.queues.push_back(target.queue.get());
  else
    scratch_.pending.push_back(target.exchange.get());
}

} // namespace troupe
