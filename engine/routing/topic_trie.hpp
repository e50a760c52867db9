#pragma once

#include "engine/routing/binding_target.hpp"
#include "engine/routing/shared_map.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace troupe {

/// Finds the patterns that match a routing key, as topic exchanges do (words
/// between dots, `*` is one, `#` any number), without looking at the others.
/// A value whose copies share what they have in common.
class topic_trie {
public:
  bool empty() const { return !root_; }

  void add(std::string_view pattern, const binding_target& target);
  void remove(std::string_view pattern, const binding_target& target);

  struct node;

  /// What a search needs to remember; kept by the caller, so that searching
  /// allocates nothing in the long run.
  struct search {
    std::vector<const node*> active;
    std::vector<const node*> next;
  };

  /// Appends the targets of each pattern that matches to `found`. Takes time
  /// in proportion to words of the key times places in the patterns that
  /// match its beginning, at worst. Pointers are good as long as the trie.
  void match(
    std::string_view key,
    search& by,
    std::vector<const target_set*>& found) const;

private:
  std::shared_ptr<const node> root_; // shared by copies of the trie
};

} // namespace troupe
