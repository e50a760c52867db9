#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// A published message as a handler sees it: views into the batch it came in,
/// good until the handler returns.
class message {
public:
  message() = default;
  message(
    std::string_view exchange,
    std::string_view routing_key,
    std::string_view properties,
    std::string_view body)
    : exchange_{exchange},
      routing_key_{routing_key},
      properties_{properties},
      body_{body} {}

  std::string_view exchange() const { return exchange_; }
  std::string_view routing_key() const { return routing_key_; }
  std::string_view body() const { return body_; }

  /// Returns the header `name` as text (numbers in decimal, booleans as
  /// "true" and "false"), or nothing where there is none.
  std::optional<std::string> header(std::string_view name) const;

  /// Returns all headers, as `header` gives them.
  std::map<std::string, std::string> headers() const;

  /// Returns the AMQP property `name` ("message_id", "content_type",
  /// "correlation_id", "type" ...) as text, or nothing.
  std::optional<std::string> property(std::string_view name) const;

  /// The property list as AMQP 0-9-1 puts it in a content header: flags, then
  /// the values. Empty where no property is set.
  std::string_view encoded_properties() const { return properties_; }

private:
  std::string_view exchange_;
  std::string_view routing_key_;
  std::string_view properties_;
  std::string_view body_;
};

/// A message still to be published, as a handler emits it.
struct draft {
  std::string body = {};
  std::string routing_key = {};
  std::map<std::string, std::string> headers = {};
  std::string message_id = {};
  std::string content_type = {};
};

} // namespace troupe
