#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace troupe {

static_assert(
  std::endian::native == std::endian::little,
  "stored integers are little-endian and copied as they are");

/// Appends an integer to `out`, little-endian, at its full width.
template <std::unsigned_integral T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Appends a length (32 bits), then the bytes.
inline void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

/// Reads an integer that need not be aligned.
template <std::unsigned_integral T>
T load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// Takes values from the front of a view. The first value that does not fit
/// makes it fail for good: further takes give zero and empty views, so a
/// decoder checks `ok()` once, at its end.
class byte_reader {
public:
  explicit byte_reader(std::string_view bytes) : rest_{bytes} {}

  template <std::unsigned_integral T>
  T take() {
    auto bytes = take_bytes(sizeof(T));
    return ok_ ? load<T>(bytes.data()) : T{};
  }

  /// The view is good as long as the bytes read from.
  std::string_view take_bytes(std::size_t size) {
    if (!ok_ || rest_.size() < size) return fail();
    auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  /// Takes what `put_text` wrote.
  std::string_view take_text() { return take_bytes(take<std::uint32_t>()); }

  /// Marks what was read as wrong for a reason of the caller's.
  std::string_view fail() {
    ok_ = false;
    rest_ = {};
    return {};
  }

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

private:
  std::string_view rest_;
  bool ok_ = true;
};

} // namespace troupe
