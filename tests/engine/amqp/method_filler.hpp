#pragma once

#include "engine/amqp/methods.hpp"
#include "engine/message/field_table.hpp"

#include <concepts>
#include <deque>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <variant>

namespace troupe::amqp::test {

/// Fills the fields of any method with what a generator gives, by walking its
/// description. Owns the strings.
class method_filler {
public:
  explicit method_filler(unsigned seed) : random_{seed} {}

  template <class M>
  M make() {
    auto m = M{};
    M::fields(*this, m);
    return m;
  }

  template <std::unsigned_integral T>
  void integer(std::string_view, T& value) {
    value =
      static_cast<T>(std::uint64_t{random_()} << 32 | std::uint64_t{random_()});
  }

  void short_string(std::string_view, std::string_view& text) {
    text = bytes(random_() % 4 == 0 ? 255 : random_() % 20);
  }

  void long_string(std::string_view, std::string_view& text) {
    text = bytes(random_() % 400);
  }

  void table(std::string_view, std::string_view& encoded) {
    auto made = field_table{};
    for (auto n = random_() % 3; n > 0; --n)
      made.fields.push_back({std::string{bytes(5)}, {std::string{bytes(9)}}});
    encoded = kept_.emplace_back(encode(made));
  }

  template <class... Bits>
  void bits(std::initializer_list<std::string_view>, Bits&... bits) {
    ((bits = random_() % 2 == 0), ...);
  }

  void reserved_octet() {}
  void reserved_short() {}
  void reserved_short_string() {}
  void reserved_long_string() {}

private:
  std::string_view bytes(std::size_t size) {
    auto& made = kept_.emplace_back(size, '\0');
    for (auto& c : made) c = static_cast<char>(random_());
    return made;
  }

  std::mt19937 random_;
  std::deque<std::string> kept_;
};

/// Calls `visit` with a value of each kind of method.
template <class Visitor, class... M>
void for_each_method(std::variant<M...>, Visitor visit) {
  (visit(M{}), ...);
}

} // namespace troupe::amqp::test
