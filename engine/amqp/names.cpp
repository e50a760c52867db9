#include "engine/amqp/names.hpp"

#include "engine/base/bytes.hpp"
#include "engine/base/stable_hash.hpp"

namespace troupe::amqp {

std::string name_maker::next(std::string_view prefix) {
  constexpr auto letters = std::string_view{
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};
  auto made = std::string{prefix};
  for (int half = 0; half < 2; ++half) {
    auto bits = random();
    for (int i = 0; i < 11; ++i, bits >>= 6) made += letters[bits & 63];
  }
  return made;
}

/// Hashes a counter twice over, so that a name does not give away the seed.
std::uint64_t name_maker::random() {
  auto bytes = std::string{};
  put(bytes, ++state_);
  put(bytes, stable_hash(bytes));
  return stable_hash(bytes);
}

std::string plain_name(std::string_view name) {
  auto made = std::string{name};
  std::erase_if(made, [](char c) { return c == '\r' || c == '\n'; });
  return made;
}

} // namespace troupe::amqp
