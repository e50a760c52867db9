#pragma once

#include "engine/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace troupe {

/// A regular expression over names of queues and exchanges, read as RabbitMQ
/// reads its own: Perl's, case counts, found anywhere in the name unless it has
/// `^` and `$`. An empty one finds nothing. Cheap to copy; any thread may ask.
class name_pattern {
public:
  /// Finds nothing.
  name_pattern() = default;

  /// Compiles `text`. Fails with `bad_config`, with the reason and where.
  static result<name_pattern> parse(std::string_view text);

  /// Returns whether it finds something in `name`; no where the search takes
  /// beyond all measure.
  bool finds(std::string_view name) const;

  const std::string& text() const { return text_; }

  bool operator==(const name_pattern& other) const {
    return text_ == other.text_;
  }

private:
  struct compiled;

  std::string text_;
  // Shared between copies, since a compiled expression is large and constant.
  // Null for those that need none: "", "^$" and ".*".
  std::shared_ptr<const compiled> compiled_;
};

} // namespace troupe
