#include "engine/routing/topic_trie.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>

namespace troupe {

using node_ptr = std::shared_ptr<const topic_trie::node>;

struct topic_trie::node {
  shared_map<node_ptr> words;
  node_ptr star;
  node_ptr hash;
  target_set targets;   // of the pattern that ends here
  bool repeats = false; // the way here was `#`: it may take further words

  bool is_empty() const {
    return words.empty() && !star && !hash && targets.empty();
  }
};

namespace {

using node = topic_trie::node;

/// Words of a key that are still to come; an empty key has none.
class word_walk {
public:
  explicit word_walk(std::string_view key) : rest_{key}, ends_{key.empty()} {}

  std::optional<std::string_view> take() {
    if (ends_) return std::nullopt;
    auto dot = rest_.find('.');
    auto word = rest_.substr(0, dot);
    ends_ = dot == rest_.npos;
    if (!ends_) rest_.remove_prefix(dot + 1);
    return word;
  }

private:
  std::string_view rest_;
  bool ends_;
};

// -- changing: nodes on the way are copied, the rest is shared

node_ptr
changed(const node_ptr& from, word_walk rest, const auto& edit, bool repeats) {
  auto made = from ? std::make_shared<node>(*from) : std::make_shared<node>();
  made->repeats = repeats;
  auto word = rest.take();
  if (!word) {
    edit(made->targets);
  } else if (*word == "*") {
    made->star = changed(made->star, rest, edit, false);
  } else if (*word == "#") {
    made->hash = changed(made->hash, rest, edit, true);
  } else {
    auto* old = made->words.find(*word);
    auto below = changed(old ? *old : nullptr, rest, edit, false);
    if (below)
      made->words.set(std::string{*word}, std::move(below));
    else
      made->words.erase(*word);
  }
  return made->is_empty() ? nullptr : made;
}

// -- matching: all places in the trie that the words so far lead to

/// Adds a place, and those behind it that need no further word.
void enter(std::vector<const node*>& places, const node* first) {
  for (auto* at = first; at; at = at->hash.get()) places.push_back(at);
}

/// Drops places found twice: one after `#` is reached by its own repetition
/// and from the place before.
void drop_doubles(std::vector<const node*>& places) {
  std::sort(places.begin(), places.end(), std::less<>{});
  places.erase(std::unique(places.begin(), places.end()), places.end());
}

void step(topic_trie::search& by, std::string_view word) {
  by.next.clear();
  auto hash = stable_hash(word);
  auto repeated = false;
  for (const auto* at : by.active) {
    if (at->repeats) by.next.push_back(at);
    repeated |= at->repeats;
    enter(by.next, at->star.get());
    if (auto* below = at->words.find(hash, word)) enter(by.next, below->get());
  }
  if (repeated && by.next.size() > 1) drop_doubles(by.next);
  by.active.swap(by.next);
}

} // namespace

void topic_trie::add(std::string_view pattern, const binding_target& target) {
  auto edit = [&](target_set& targets) { targets.set(target); };
  root_ = changed(root_, word_walk{pattern}, edit, false);
}

void topic_trie::remove(
  std::string_view pattern, const binding_target& target) {
  auto edit = [&](target_set& targets) { targets.erase(target); };
  root_ = changed(root_, word_walk{pattern}, edit, false);
}

void topic_trie::match(
  std::string_view key,
  search& by,
  std::vector<const target_set*>& found) const {
  by.active.clear();
  enter(by.active, root_.get());
  auto rest = word_walk{key};
  while (!by.active.empty()) {
    auto word = rest.take();
    if (!word) break;
    step(by, *word);
  }
  for (const auto* at : by.active)
    if (!at->targets.empty()) found.push_back(&at->targets);
}

} // namespace troupe
