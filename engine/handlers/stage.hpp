#pragma once

#include "engine/base/ids.hpp"
#include "engine/cluster/handling_gate.hpp"

#include <troupe/registry.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace troupe {

/// Reads the key of a message; the view is good as long as the message and
/// `scratch`. Empty where the message has none.
using key_reader =
  std::function<std::string_view(const message&, std::string& scratch)>;

/// Reads a committed value of a handler's state.
using state_reader = std::function<std::optional<std::string>(
  std::uint16_t partition, std::string_view scope, std::string_view name)>;

/// What all consumers of one stage share. Not changed while they run.
struct stage {
  std::string name;
  handler_factory factory;
  troupe::settings settings;
  std::set<std::string> outputs; // full names of those somebody reads
  key_reader key;                // null: the queue has no order
  bool is_alone = true;          // only one thread runs the handler
  /// A crash charges the message that ran an attempt; where it is the world
  /// outside that fails, the message just goes back.
  bool blames_messages = true;
  state_reader read_state;
  /// In a cluster: closed while another member may handle the same messages.
  std::shared_ptr<const cluster::handling_gate> gate;
};

} // namespace troupe
