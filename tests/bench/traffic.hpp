#pragma once

#include "engine/message/batch.hpp"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>

namespace troupe::bench {

constexpr std::size_t body_bytes = 100;

/// Makes batches of 100-byte messages whose keys go round: "k0", "k1" ...
class traffic {
public:
  explicit traffic(std::uint32_t keys = 1000) : keys_{keys} {}

  /// Returns the next `count` messages, at most `batch::most_messages`. The
  /// first 8 bytes of each body are `stamp`.
  batch_ptr next(std::size_t count, std::uint64_t stamp = 0) {
    std::memcpy(body_.data(), &stamp, sizeof stamp);
    for (std::size_t i = 0; i < count; ++i) add();
    return builder_.take();
  }

private:
  void add() {
    char key[16] = {'k'};
    auto end = std::to_chars(key + 1, key + sizeof key, number_ % keys_).ptr;
    ++number_;
    auto length = static_cast<std::size_t>(end - key);
    builder_.add(message{"", {key, length}, "", body_});
  }

  std::uint32_t keys_;
  std::uint64_t number_ = 0;
  std::string body_ = std::string(body_bytes, 'x');
  batch_builder builder_;
};

} // namespace troupe::bench
