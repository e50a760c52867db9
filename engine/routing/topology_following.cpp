#include "engine/routing/plain_value.hpp"
#include "engine/routing/topology.hpp"

// How one topology follows another by its records.

namespace troupe {

namespace {

topology_record record_of(
  const std::string& vhost, const stored_thing& thing, bool is_durable) {
  return is_durable ? keeping(vhost, thing) : sharing(vhost, thing);
}

} // namespace

std::vector<topology_record> topology::all_records() const {
  auto all = std::vector<topology_record>{};
  now_->for_each_vhost([&](const std::string& vhost) {
    all.push_back(keeping(vhost, vhost_exists{}));
    now_->for_each_exchange(vhost, [&](const exchange& x) {
      const auto& declared = x.declared();
      if (is_noted(x))
        all.push_back(record_of(vhost, declared, declared.durable));
    });
    now_->for_each_queue(vhost, [&](const routed_queue& x) {
      all.push_back(record_of(vhost, stored(x), x.is_durable));
    });
    for (const auto& b : bindings(vhost))
      all.push_back(record_of(vhost, *b, is_durable(vhost, *b)));
  });
  return all;
}

result<> topology::retract(
  const std::string& vhost, std::string_view key, std::string_view value) {
  auto read = read_record(key, value);
  if (!read) return read.error();
  if (!next_.has_vhost(vhost)) return {};
  if (std::holds_alternative<vhost_exists>(*read))
    drop_vhost(vhost);
  else
    retract(vhost, *read);
  publish();
  return {};
}

void topology::retract(const std::string& vhost, const stored_thing& gone) {
  auto unheard = topology_change{};
  if (const auto* declared = std::get_if<exchange_declaration>(&gone)) {
    if (auto found = exchange_at(vhost, declared->name)) drop(found, unheard);
  } else if (const auto* queue = std::get_if<stored_queue>(&gone)) {
    if (auto found = queue_at(vhost, queue->declared.name))
      drop(found, unheard);
  } else if (const auto* bound = std::get_if<binding>(&gone)) {
    std::erase_if(waiting_, [&](const auto& x) {
      return std::get<0>(x.first) == vhost && x.second == *bound;
    });
    auto like = *bound;
    like.arguments = sorted(std::move(like.arguments));
    if (auto found = index_of(vhost)->find(like)) drop(vhost, found, unheard);
  }
  idle_.clear(); // what goes by that is told by itself
}

} // namespace troupe
