#pragma once

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// Reads fields out of a JSON body. Parses it once, when first asked; small
/// documents stay within the object itself, so keep it on the stack.
class json_body {
public:
  /// The text must outlive this.
  explicit json_body(std::string_view text)
    : text_{text}, memory_{first_memory_, sizeof first_memory_} {}
  json_body(const json_body&) = delete;
  json_body& operator=(const json_body&) = delete;

  /// Returns a string, number or boolean as text. Nothing where the body is no
  /// JSON or the field is missing, null, an object or an array.
  ///
  /// `path` is the name of a field at the top or, beginning with '/', a JSON
  /// pointer. The view is good until the next call with the same `scratch`.
  std::optional<std::string_view>
  field(std::string_view path, std::string& scratch);

  /// True where `path` leads to any value, null included.
  bool has(std::string_view path);

private:
  const boost::json::value* find(std::string_view path);
  void parse();

  std::string_view text_;
  bool is_parsed_ = false;
  unsigned char first_memory_[4096];
  boost::json::monotonic_resource memory_;
  std::optional<boost::json::value> root_; // nothing: no JSON
};

} // namespace troupe
