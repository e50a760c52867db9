#pragma once

#include "engine/base/result.hpp"
#include "engine/routing/json_body.hpp"

#include <troupe/message.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace troupe {

/// Names the part of a message that serves as its key: `routing_key`,
/// `exchange`, `body`, `header:NAME`, `property:NAME`, `json:NAME` (a field of
/// a JSON body) or `json:/POINTER`.
class key_expression {
public:
  /// Fails with `bad_config`, naming what is allowed.
  static result<key_expression> parse(std::string_view text);

  /// Returns the key as text, or nothing where the message has no such part; a
  /// table, an array, an object or null is no key.
  ///
  /// The view is into the message or into `scratch`: good until the message
  /// goes or the next call with the same `scratch`. Safe from many threads.
  std::optional<std::string_view>
  value(const message& of, std::string& scratch) const;

  /// The same with the message's body at hand, so that several keys cost one
  /// parsing. Views may be into `body` too.
  std::optional<std::string_view>
  value(const message& of, json_body& body, std::string& scratch) const;

  /// True where the message has the part at all, whatever its type.
  bool exists(const message& in, json_body& body) const;

  /// Returns what `parse` would read again.
  std::string to_string() const;

  bool operator==(const key_expression&) const = default;

private:
  enum class part : std::uint8_t {
    routing_key,
    exchange,
    body,
    header,
    property,
    json
  };

  key_expression(part what, std::string name)
    : what_{what}, name_{std::move(name)} {}

  part what_;
  std::string name_; // of the header, property or field
};

} // namespace troupe
