#pragma once

#include "engine/base/clock.hpp"
#include "engine/routing/binding_table.hpp"
#include "engine/routing/declarations.hpp"
#include "engine/routing/exchange_type.hpp"
#include "engine/routing/route_result.hpp"

#include <troupe/message.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace troupe {

class routing_snapshot;

/// An exchange with its bindings. Never changed, but replaced as a whole, with
/// most of its bindings shared; safe from many threads.
class exchange {
public:
  exchange(
    std::string vhost,
    exchange_declaration declared,
    exchange_settings settings);

  const std::string& vhost() const { return fixed_->vhost; }
  const std::string& name() const { return fixed_->declared.name; }
  const exchange_declaration& declared() const { return fixed_->declared; }
  const exchange_settings& settings() const { return fixed_->settings; }
  exchange_type type() const { return fixed_->settings.type; }
  bool is_internal() const { return fixed_->declared.internal; }
  bool is_default() const { return name().empty(); }
  bool is_delayed() const { return type() == exchange_type::delayed_message; }

  bool has_history() const { return fixed_->settings.history > 0; }

  /// Says whether messages with one routing key, and no CC or BCC
  /// (`has_further_keys`), all go to the same queues, so that a caller can
  /// keep the answer as long as the snapshot.
  bool routes_by_key_only() const;

  /// Returns how long the exchange holds this message back: nothing, unless it
  /// is a delayed one.
  std::optional<duration> delay(const message& of) const;

  /// Says whether the exchange keeps this message for queues yet to be bound.
  bool keeps(const message& what) const;

  /// Appends where the message goes. Follows bindings to other exchanges of
  /// the snapshot this one is from, and alternate exchanges where one matches
  /// nothing; each is passed through once.
  void route(
    const routing_snapshot& in, const message& what, route_result& to) const;

  // -- changing: for the topology

  std::shared_ptr<const exchange>
  with(const binding& added, const binding_target& target) const;

  /// Also drops bindings that are alike (`is_alike`).
  std::shared_ptr<const exchange>
  without(const binding& removed, const binding_target& target) const;

  /// The same with so many more bindings to exchanges, which it counts because
  /// they make routes depend on more than the key.
  std::shared_ptr<const exchange> with_onward(std::ptrdiff_t more) const;

  const binding_table& table() const { return table_; }

private:
  struct fixed {
    std::string vhost;
    exchange_declaration declared;
    exchange_settings settings;
  };

  std::shared_ptr<const fixed> fixed_; // the same in all replacements
  binding_table table_;
  std::ptrdiff_t onward_ = 0; // bindings that lead to exchanges
};

using exchange_ptr = std::shared_ptr<const exchange>;

} // namespace troupe
