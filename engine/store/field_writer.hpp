#pragma once

#include "engine/base/bytes.hpp"
#include "engine/store/fields.hpp"

#include <cassert>

namespace troupe {

/// Appends fields to a string. The last field of an entry can be a batch that
/// is left where it is: `body()`, to be written behind the string.
class field_writer {
public:
  explicit field_writer(std::string& out) : out_{out} {}

  template <class... Fields>
  void operator()(const Fields&... values) {
    (write(values), ...);
  }

  void rest(const batch_ptr& messages) {
    assert(messages != nullptr);
    body_ = messages;
  }

  /// Null where the string is all there is.
  const batch_ptr& body() const { return body_; }

private:
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) void write(T value) { put(out_, value); }

  void write(bool yes) { put(out_, std::uint8_t{yes}); }

  void write(queue_id id) { put(out_, static_cast<std::uint64_t>(id)); }

  void write(time_point at) {
    put(out_, static_cast<std::uint64_t>(at.time_since_epoch().count()));
  }

  void write(const std::string& text) { put_text(out_, text); }

  void write(const batch_ptr& messages) {
    assert(messages != nullptr);
    put_text(out_, messages->bytes());
  }

  template <class T>
  void write(const std::optional<T>& value) {
    put(out_, std::uint8_t{value.has_value()});
    if (value) write(*value);
  }

  template <class T>
  void write(const std::vector<T>& values) {
    put(out_, static_cast<std::uint32_t>(values.size()));
    for (const auto& value : values) write(value);
  }

  template <class First, class Second>
  void write(const std::pair<First, Second>& both) {
    (*this)(both.first, both.second);
  }

  template <class Key, class T>
  void write(const std::map<Key, T>& values) {
    put(out_, static_cast<std::uint32_t>(values.size()));
    for (const auto& [key, value] : values) (*this)(key, value);
  }

  template <class T>
  requires requires(field_writer& v, const T& x) { fields(v, x); }
  void write(const T& value) { fields(*this, value); }

  std::string& out_;
  batch_ptr body_;
};

} // namespace troupe
