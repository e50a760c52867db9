#pragma once

#include "engine/base/result.hpp"

#include <troupe/message.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace troupe {

struct condition_node;

/// Says yes or no to a message: `routing_key matches "order.*" and
/// header.kind != "test"`.
///
/// Fields are `routing_key`, `exchange`, `body`, `header.NAME`,
/// `property.NAME`, `json.NAME` and `json./POINTER`; a colon does for the dot,
/// and a name with odd letters stands in quotes. They are compared with `==`
/// `!=` `<` `<=` `>` `>=` to texts in quotes, numbers, true, false or each
/// other; `matches` takes a topic pattern, `contains` a text, `exists FIELD`
/// neither. `and` `or` `not` (`&&` `||` `!`) and parentheses join them, `not`
/// binding closest and `or` loosest.
///
/// Two numbers compare as numbers, a field being one where its text is. Against
/// a text in quotes a field is text, compared byte by byte. With a missing
/// field, or a written number against what is none, only `!=` holds.
class condition {
public:
  /// Fails with `bad_config`, naming the column (from 1) and what belongs
  /// there.
  static result<condition> parse(std::string_view text);

  /// Parses a JSON body at most once. Safe from many threads.
  bool holds(const message& of) const;

  /// Returns the text it was parsed from.
  const std::string& to_string() const { return text_; }

private:
  condition(std::string text, std::shared_ptr<const condition_node> root)
    : text_{std::move(text)}, root_{std::move(root)} {}

  std::string text_;
  // Never changes, so copies share it.
  std::shared_ptr<const condition_node> root_;
};

} // namespace troupe
