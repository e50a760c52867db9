#pragma once

#include "engine/routing/binding.hpp"
#include "engine/routing/binding_target.hpp"
#include "engine/routing/message_headers.hpp"
#include "engine/routing/refusal.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// A binding of a headers exchange, its comparisons laid ready. Stays where it
/// was made: it has views into itself.
class header_rule {
public:
  header_rule(const binding& from, binding_target target);
  header_rule(const header_rule&) = delete;
  header_rule& operator=(const header_rule&) = delete;

  const binding_target& target() const { return target_; }

  /// `headers` as `read_headers` leaves them.
  bool matches(const std::vector<seen_header>& headers) const;

  friend bool operator<(const header_rule& a, const header_rule& b);

private:
  struct wanted {
    std::string_view name;
    plain_value value; // of kind none: whatever the header's value is
  };

  binding_target target_;
  std::string routing_key_;
  std::string arguments_; // encoded
  std::vector<wanted> wanted_;
  bool any_ = false; // one match is enough
};

/// Refuses `x-match` of anything but RabbitMQ's four values.
permitted<> check_header_binding(const field_table& arguments);

struct before_by_value {
  template <class Pointer>
  bool operator()(const Pointer& a, const Pointer& b) const {
    return *a < *b;
  }
};

/// Rules are shared by copies of the set.
using header_rules =
  shared_set<std::shared_ptr<const header_rule>, before_by_value>;

} // namespace troupe
