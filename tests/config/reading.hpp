#pragma once

#include "config/check.hpp"
#include "config/read.hpp"

#include <map>
#include <string>
#include <vector>

namespace troupe::test {

/// An environment of three variables.
inline std::optional<std::string> small_environment(const std::string& name) {
  static const auto all = std::map<std::string, std::string>{
    {"HOME_TOWN", "Oslo"}, {"EMPTY", ""}, {"INNER", "${HOME_TOWN}"}};
  auto found = all.find(name);
  if (found == all.end()) return std::nullopt;
  return found->second;
}

inline read_result read_one(const std::string& text) {
  return read_texts({{"orders.toml", text}}, small_environment);
}

/// Knows the classes `charge` and `ship`, and takes every expression that does
/// not say "wrong". Looks for files.
inline check_options test_options() {
  auto fault_of = [](std::string_view text) {
    return text.find("wrong") == text.npos
             ? std::nullopt
             : std::optional<std::string>{"it says so"};
  };
  return {{"charge", "ship"}, fault_of, fault_of, false};
}

inline std::vector<fault> faults_of(const std::string& text) {
  return check(read_one(text), test_options());
}

/// "E0112 3:11, W0401 1:1": what was found, and where.
inline std::string summary(const std::vector<fault>& faults) {
  auto out = std::string{};
  for (const auto& fault : faults)
    out += (out.empty() ? "" : ", ") + fault.id + " "
           + std::to_string(fault.where.line) + ":"
           + std::to_string(fault.where.column);
  return out;
}

/// A pipeline with a component of every kind and no fault.
inline const std::string orders = R"(config_version = 1
[queues.orders]
[queues."orders.dead"]
[sources.lines]
type = "stdin"
[routers.by_kind]
inputs = ["lines"]
type = "match"
route.orders = 'routing_key matches "order.*"'
route.refunds = 'routing_key matches "refund.#"'
[routers.shard]
inputs = ["by_kind.orders"]
type = "consistent_hash"
key = "header:customer_id"
queue = "orders"
[handlers.charge]
inputs = ["shard"]
[sinks.dead]
inputs = ["charge.dead", "by_kind.refunds"]
type = "queue"
queue = "orders.dead"
[sinks.paid]
inputs = ["charge"]
type = "stdout"
)";

} // namespace troupe::test
