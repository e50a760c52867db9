#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// Finds the end of one JSON value, whatever pieces it comes in. Of what is
/// inside it looks at brackets and quotes only.
class json_scan {
public:
  enum class verdict : std::uint8_t { more, ended, mismatched };
  struct finding {
    std::size_t taken = 0; // bytes of the value; a mismatched one not counted
    verdict what{};
  };

  /// True where a JSON value can begin with `first`.
  static bool can_begin(char first);

  /// Starts on a value whose first byte is `first`; `scan` gets it again.
  void begin(char first);

  /// Looks at the value's next bytes.
  finding scan(std::string_view bytes);

  /// A number or a word, which ends before what does not belong to it.
  bool is_scalar() const { return is_scalar_; }

private:
  finding scan_nested(std::string_view bytes);
  verdict step(char c);

  bool is_scalar_ = false;
  bool is_in_string_ = false;
  bool is_escaped_ = false;
  std::string open_; // the brackets that will close what is open
};

} // namespace troupe
