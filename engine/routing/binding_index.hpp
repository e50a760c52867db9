#pragma once

#include "engine/routing/binding.hpp"

#include <set>
#include <string>
#include <vector>

namespace troupe {

/// All bindings of a vhost, to be found from either end.
class binding_index {
public:
  /// Returns the binding that equals `like`, or null.
  binding_ptr find(const binding& like) const;

  /// Adds a binding that is not there yet.
  void add(const binding_ptr& added);
  void remove(const binding& removed);

  bool has_from(const std::string& exchange) const;

  std::vector<binding_ptr> all() const;
  std::vector<binding_ptr> from(const std::string& exchange) const;
  std::vector<binding_ptr>
  to(binding::kind kind, const std::string& name) const;

  /// Returns the bindings next to one that is there, at most two. Those that
  /// a table cannot tell from it (`is_alike`) begin there.
  std::vector<binding_ptr> neighbours(const binding& of) const;

private:
  struct by_source {
    using is_transparent = void;
    static bool before(const binding& a, const binding& b);
    bool operator()(const binding_ptr& a, const binding_ptr& b) const {
      return before(*a, *b);
    }
    bool operator()(const binding_ptr& a, const binding& b) const {
      return before(*a, b);
    }
    bool operator()(const binding& a, const binding_ptr& b) const {
      return before(a, *b);
    }
  };

  struct by_destination {
    using is_transparent = void;
    static bool before(const binding& a, const binding& b);
    bool operator()(const binding_ptr& a, const binding_ptr& b) const {
      return before(*a, *b);
    }
    bool operator()(const binding_ptr& a, const binding& b) const {
      return before(*a, b);
    }
    bool operator()(const binding& a, const binding_ptr& b) const {
      return before(a, *b);
    }
  };

  std::set<binding_ptr, by_source> by_source_;
  std::set<binding_ptr, by_destination> by_destination_;
};

} // namespace troupe
