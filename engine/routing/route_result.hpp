#pragma once

#include "engine/base/clock.hpp"
#include "engine/routing/message_headers.hpp"
#include "engine/routing/routed_queue.hpp"
#include "engine/routing/topic_trie.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

class exchange;

/// Memory that routing uses again, so that it allocates nothing in the long
/// run.
struct route_scratch {
  std::vector<std::string_view> keys;
  std::vector<seen_header> headers;
  topic_trie::search search;
  std::vector<const target_set*> sets;
  std::vector<const exchange*> seen;       // sorted
  std::vector<const std::string*> pending; // exchanges still to look at
  std::string text;
};

/// Where a message goes. Kept and used again by whoever routes, in one thread.
/// Pointers are good as long as the snapshot they came from.
struct route_result {
  /// An exchange that holds the message back for so long; it goes through it
  /// once more then, without its header `x-delay`.
  struct delayed_by {
    const exchange* by = nullptr;
    duration delay{};
  };

  std::vector<const routed_queue*> queues; // each once, in no order
  std::vector<delayed_by> delayed;         // each once
  /// Exchanges that keep the message for queues yet to be bound; each once.
  /// Being kept is no way to be delivered.
  std::vector<const exchange*> kept_by;
  /// `CC` or `BCC`, where that header is not an array: refuse the message
  /// (406). Nothing was routed then.
  std::string_view wrong_header;

  std::uint64_t random = 0; // state of random exchanges: seed it once
  route_scratch scratch;

  bool is_empty() const { return queues.empty() && delayed.empty(); }

  void clear() {
    queues.clear();
    delayed.clear();
    kept_by.clear();
    wrong_header = {};
  }
};

} // namespace troupe
