#pragma once

#include "engine/base/result.hpp"

#include <troupe/message.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// An immutable run of messages: the one unit that actors send, the store
/// writes and consumers get.
///
/// One block of bytes, the same in memory, in the store and between nodes
/// (layout: docs/store_format.md). Messages are views into it.
class batch {
public:
  /// Where a batch is cut: whichever comes first. A larger message travels
  /// alone.
  static constexpr std::size_t most_messages = 256;
  static constexpr std::size_t most_bytes = 64 * 1024;

  /// Takes over encoded bytes, as they come from a disk or a peer. Fails with
  /// `corrupt` unless every length fits, so that reading is safe from then on.
  static result<std::shared_ptr<const batch>> decode(std::string bytes);

  std::size_t size() const { return size_; }
  std::string_view bytes() const { return bytes_; }

  /// Returns how many bytes `count` messages from `first` on take up together,
  /// keys and properties included; in constant time.
  std::size_t bytes(std::size_t first, std::size_t count) const;

  /// Returns message `i`, `i < size()`. The views are good as long as the
  /// batch.
  message operator[](std::size_t i) const;

private:
  friend class batch_builder;
  batch(std::string bytes, std::size_t size)
    : bytes_{std::move(bytes)}, size_{size} {}

  std::string_view record(std::size_t i) const;

  std::string bytes_;
  std::size_t size_;
};

using batch_ptr = std::shared_ptr<const batch>;

/// Gathers messages into a batch.
class batch_builder {
public:
  /// Appends a message. Exchange and routing key must be at most 255 bytes
  /// (AMQP's own limit); longer ones are cut there.
  void add(const message& message);

  /// Appends message `i` of another batch as it is.
  void add(const batch& from, std::size_t i);

  bool empty() const { return ends_.empty(); }
  std::size_t size() const { return ends_.size(); }

  /// True when the batch should be cut before anything is added.
  bool is_full() const {
    return ends_.size() >= batch::most_messages
           || bytes_.size() >= batch::most_bytes;
  }

  /// Returns what was added and starts anew. Null while empty.
  batch_ptr take();

private:
  std::string bytes_;
  std::vector<std::uint32_t> ends_;
};

} // namespace troupe
