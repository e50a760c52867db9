#pragma once

#include <troupe/handler.hpp>

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace troupe {

/// The `[handlers.<name>.settings]` table of a pipeline, values as text.
using settings = std::map<std::string, std::string>;

/// Either form of a handler, as the engine holds it.
using any_handler =
  std::variant<std::unique_ptr<handler>, std::unique_ptr<batch_handler>>;

/// Makes one instance; called anew after each crash. It may throw to refuse
/// its settings.
using handler_factory = std::function<any_handler(const settings&)>;

/// The handler classes a pipeline can name.
class registry {
public:
  /// Adds a class under `name`. It needs a constructor without arguments or
  /// one from `const settings&`. A name already there is replaced.
  template <class Handler>
  void add(const std::string& name) {
    factories_[name] = [](const settings& given) -> any_handler {
      return make<Handler>(given);
    };
  }

  /// Returns the factory of `name`, or null.
  const handler_factory* find(const std::string& name) const {
    auto found = factories_.find(name);
    return found == factories_.end() ? nullptr : &found->second;
  }

  const std::map<std::string, handler_factory>& all() const {
    return factories_;
  }

private:
  template <class Handler>
  static std::unique_ptr<Handler> make(const settings& given) {
    if constexpr (std::constructible_from<Handler, const settings&>)
      return std::make_unique<Handler>(given);
    else
      return std::make_unique<Handler>();
  }

  std::map<std::string, handler_factory> factories_;
};

/// Where TROUPE_HANDLER puts classes; `troupe::main` starts from it.
registry& static_registry();

} // namespace troupe

/// Registers a handler class before `main` runs: TROUPE_HANDLER("charge",
/// charge); at namespace scope of a source file.
#define TROUPE_HANDLER(name, type)                                             \
  namespace {                                                                  \
  const bool type##_registered =                                               \
    (::troupe::static_registry().add<type>(name), true);                       \
  }
