#pragma once

#include "engine/handlers/handling.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// Gathers what became of messages into settlements, one a queue partition.
class settlement_builder {
public:
  /// Takes over an acked message's emissions and changes.
  void ack(handling& done);
  void fail(failure failed);
  void give_back(position at);

  bool empty() const { return open_.empty(); }

  /// True when it holds so much that it should be sent now.
  bool is_large() const { return bytes_ >= most_bytes; }

  /// Returns what was gathered and starts anew. Those that only give messages
  /// back come first.
  std::vector<settlement> take();

private:
  static constexpr std::size_t most_bytes = 1024 * 1024;

  struct open {
    settlement what;
    std::map<std::string, batch_builder> emits;
  };

  open& of(position at);

  std::map<std::uint16_t, open> open_;
  std::size_t bytes_ = 0;
};

} // namespace troupe
