#pragma once

#include "engine/base/bytes.hpp"
#include "engine/store/fields.hpp"

#include <utility>

namespace troupe {

/// Takes fields from the front of a view, whatever the bytes. Nothing is
/// allocated for more than the bytes that are there, and after the first field
/// that does not fit `ok()` is false for good.
class field_reader {
public:
  explicit field_reader(std::string_view bytes) : in_{bytes} {}

  template <class... Fields>
  void operator()(Fields&... values) {
    (read(values), ...);
  }

  /// Leaves the bytes that are left to the caller: `rest()` goes into
  /// `rest_wanted_by()`.
  void rest(batch_ptr& messages) { rest_wanted_by_ = &messages; }

  batch_ptr* rest_wanted_by() const { return rest_wanted_by_; }
  std::string_view rest() const { return in_.rest(); }

  bool ok() const { return in_.ok(); }

  /// True if every byte was taken and fitted.
  bool is_done() const { return in_.ok() && in_.at_end(); }

private:
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) void read(T& value) {
    value = in_.take<T>();
  }

  void read(bool& yes) {
    auto value = in_.take<std::uint8_t>();
    if (value > 1) in_.fail();
    yes = value == 1;
  }

  void read(queue_id& id) { id = queue_id{in_.take<std::uint64_t>()}; }

  void read(time_point& at) {
    at = time_point{
      duration{static_cast<duration::rep>(in_.take<std::uint64_t>())}};
  }

  void read(std::string& text) { text = in_.take_text(); }

  void read(batch_ptr& messages) {
    auto decoded = batch::decode(std::string{in_.take_text()});
    if (!decoded)
      in_.fail();
    else
      messages = *decoded;
  }

  template <class T>
  void read(std::optional<T>& value) {
    auto is_there = in_.take<std::uint8_t>();
    if (is_there > 1) in_.fail();
    if (is_there == 1) read(value.emplace());
  }

  template <class T>
  void read(std::vector<T>& values) {
    auto count = in_.take<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && ok(); ++i)
      read(values.emplace_back());
  }

  template <class First, class Second>
  void read(std::pair<First, Second>& both) {
    (*this)(both.first, both.second);
  }

  template <class Key, class T>
  void read(std::map<Key, T>& values) {
    auto count = in_.take<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && ok(); ++i) {
      auto entry = std::pair<Key, T>{};
      (*this)(entry.first, entry.second);
      if (!values.empty() && entry.first <= values.rbegin()->first) in_.fail();
      values.insert(values.end(), std::move(entry));
    }
  }

  template <class T>
  requires requires(field_reader& v, T& x) { fields(v, x); }
  void read(T& value) { fields(*this, value); }

  byte_reader in_;
  batch_ptr* rest_wanted_by_ = nullptr;
};

} // namespace troupe
