#pragma once

#include "engine/message/properties.hpp"
#include "engine/routing/topology.hpp"

#include <troupe/message.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// Keeps what a topology gives to keep, by vhost and key.
struct kept_records {
  std::map<std::pair<std::string, std::string>, std::string> values;

  void keep(const topology_change& change) {
    for (const auto& r : change.records)
      if (r.value)
        values[{r.vhost, r.key}] = *r.value;
      else
        values.erase({r.vhost, r.key});
  }
};

/// A topology with the vhost "/" and short words for what tests do to it.
class topology_rig {
public:
  topology_rig() { kept.keep(all.add_vhost("/")); }

  topology_change exchange(
    const std::string& name,
    const std::string& type,
    field_table arguments = {},
    bool auto_delete = false) {
    auto declared = exchange_declaration{
      name, type, true, auto_delete, false, std::move(arguments)};
    return keep(all.declare_exchange("/", declared).value());
  }

  topology_change queue(const std::string& name, bool durable = true) {
    auto declared = queue_declaration{};
    declared.name = name;
    declared.durable = durable;
    auto made = new_queue{};
    made.id = queue_id{++last_id};
    return keep(all.declare_queue("/", declared, made, 0).value());
  }

  topology_change bind(
    const std::string& source,
    const std::string& queue,
    const std::string& key = "",
    field_table arguments = {}) {
    return keep(
      all.bind("/", to_queue(source, queue, key, arguments), 0).value());
  }

  topology_change unbind(
    const std::string& source,
    const std::string& queue,
    const std::string& key = "",
    field_table arguments = {}) {
    return keep(
      all.unbind("/", to_queue(source, queue, key, arguments), 0).value());
  }

  topology_change chain(
    const std::string& source,
    const std::string& destination,
    const std::string& key = "") {
    auto made = binding{source, binding::kind::exchange, destination, key, {}};
    return keep(all.bind("/", made, 0).value());
  }

  static binding to_queue(
    const std::string& source,
    const std::string& queue,
    const std::string& key,
    field_table arguments = {}) {
    return {source, binding::kind::queue, queue, key, std::move(arguments)};
  }

  /// Returns the names of the queues a message goes to, sorted.
  std::vector<std::string> route(
    const std::string& exchange,
    const std::string& key,
    const properties& with = {}) {
    auto encoded = encode(with);
    auto now = all.snapshot();
    found.clear();
    now->find_exchange("/", exchange)
      ->route(*now, message{exchange, key, encoded, ""}, found);
    auto names = std::vector<std::string>{};
    for (auto* queue : found.queues) names.push_back(queue->name);
    std::sort(names.begin(), names.end());
    return names;
  }

  topology_change keep(topology_change change) {
    kept.keep(change);
    return change;
  }

  topology all;
  kept_records kept;
  route_result found;
  std::uint64_t last_id = 0;
};

/// Lists all there is as text, so that two topologies can be compared.
inline std::set<std::string> listed(const topology& all) {
  auto lines = std::set<std::string>{};
  auto now = all.snapshot();
  now->for_each_vhost([&](const std::string& vhost) {
    lines.insert("vhost " + vhost);
    now->for_each_exchange(vhost, [&](const exchange& x) {
      const auto& d = x.declared();
      lines.insert(
        "exchange " + vhost + " " + d.name + " " + d.type
        + (d.durable ? " durable" : "") + (d.auto_delete ? " auto" : "")
        + (d.internal ? " internal " : " ") + encode(d.arguments));
    });
    now->for_each_queue(vhost, [&](const routed_queue& q) {
      lines.insert(
        "queue " + vhost + " " + q.name + " "
        + std::to_string(static_cast<std::uint64_t>(q.id)) + " "
        + std::to_string(q.partitions) + (q.by_priority ? " levels " : " ")
        + (q.order_key ? q.order_key->to_string() : "-")
        + (q.declared->auto_delete ? " auto " : " ")
        + (q.declared->durable ? "durable " : "")
        + (q.is_durable ? "stored " : "")
        + (q.declared->is_server_named ? "named by the server " : "")
        + (q.declared->exclusive ? "exclusive to " : "")
        + std::to_string(q.owner) + " " + encode(q.declared->arguments));
    });
    for (const auto& b : all.bindings(vhost))
      lines.insert(record_key(*b) + " in " + vhost);
  });
  return lines;
}

inline field_table table(std::vector<field> fields) {
  return {std::move(fields)};
}

inline field_value text(std::string value) { return {std::move(value)}; }

inline field_value number(std::int32_t value) { return {value}; }

/// Returns properties with these headers alone.
inline properties headers(std::vector<field> fields) {
  auto made = properties{};
  made.headers = table(std::move(fields));
  return made;
}

} // namespace troupe::test
