#pragma once

#include "engine/routing/exchange.hpp"
#include "engine/routing/routing_snapshot.hpp"

#include <cstddef>

namespace troupe {

/// Takes one message through an exchange and those it leads to. For
/// `exchange::route`.
class route_walk {
public:
  route_walk(const routing_snapshot& in, const message& what, route_result& to)
    : in_{in}, what_{what}, to_{to}, scratch_{to.scratch} {}

  void run(const exchange& first);

private:
  friend struct matching;

  void pass(const exchange& through);
  bool is_new(const exchange& one);
  void match_default(const exchange& one);
  const std::vector<seen_header>& headers();

  void take(const target_set& targets);
  void take(const binding_target& target);

  const routing_snapshot& in_;
  const message& what_;
  route_result& to_;
  route_scratch& scratch_;
  std::size_t runs_ = 0; // of targets without doubles among themselves
  bool has_headers_ = false;
};

} // namespace troupe
