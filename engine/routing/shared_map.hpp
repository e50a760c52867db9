#pragma once

#include "engine/base/stable_hash.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// Maps text to values: a hash trie whose copies share what they have in
/// common. Copying costs one pointer, a change a few small nodes, whatever the
/// size; a copy never sees another's changes and may be read in any thread.
///
/// Views and pointers are good as long as some copy has the entry as it is.
template <class Value>
class shared_map {
public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  const Value* find(std::string_view key) const {
    return find(stable_hash(key), key);
  }

  /// `hash` is the key's `stable_hash`, for those who look in many maps.
  const Value* find(std::uint64_t hash, std::string_view key) const {
    auto level = 0u;
    for (auto at = root_.get(); at; level += bits) {
      auto* found = at->find(hash, level);
      if (!found) return nullptr;
      if (found->here) return found->here->find(hash, key);
      at = found->below.get();
    }
    return nullptr;
  }

  void set(const std::string& key, Value value) {
    auto hash = stable_hash(key);
    auto had = find(hash, key) != nullptr;
    root_ = with(root_.get(), 0, {hash, {{key, std::move(value)}}});
    if (!had) ++size_;
  }

  /// Returns whether it was there.
  bool erase(std::string_view key) {
    auto hash = stable_hash(key);
    if (!find(hash, key)) return false;
    root_ = without(*root_, 0, hash, key);
    --size_;
    return true;
  }

  /// Calls `visit(key, value)` for each, in an order of its own.
  template <class Visitor>
  void for_each(Visitor visit) const {
    if (root_) visit_all(*root_, visit);
  }

private:
  static constexpr unsigned bits = 5; // of the hash, a level

  struct entry {
    std::string key;
    Value value;
  };

  /// All entries of one hash: hardly ever more than one.
  struct leaf {
    std::uint64_t hash;
    std::vector<entry> entries;

    const Value* find(std::uint64_t of, std::string_view key) const {
      if (of != hash) return nullptr;
      for (const auto& e : entries)
        if (e.key == key) return &e.value;
      return nullptr;
    }
  };

  struct node;
  using node_ptr = std::shared_ptr<const node>; // shared by copies of the map
  using leaf_ptr = std::shared_ptr<const leaf>;

  struct slot {
    node_ptr below; // or
    leaf_ptr here;
  };

  struct node {
    std::uint32_t present = 0; // a bit for each slot
    std::vector<slot> slots;

    static std::uint32_t bit(std::uint64_t hash, unsigned level) {
      return 1u << (level < 64 ? (hash >> level) & 31u : 0u);
    }
    std::size_t index(std::uint32_t of) const {
      return static_cast<std::size_t>(std::popcount(present & (of - 1)));
    }
    const slot* find(std::uint64_t hash, unsigned level) const {
      auto found = bit(hash, level);
      return present & found ? &slots[index(found)] : nullptr;
    }
  };

  static node_ptr with(const node* from, unsigned level, leaf added) {
    auto made = from ? std::make_shared<node>(*from) : std::make_shared<node>();
    auto bit = node::bit(added.hash, level);
    auto at = made->index(bit);
    if (made->present & bit) {
      made->slots[at] = merged(made->slots[at], level, std::move(added));
    } else {
      made->present |= bit;
      made->slots.insert(
        made->slots.begin() + static_cast<std::ptrdiff_t>(at),
        {nullptr, std::make_shared<leaf>(std::move(added))});
    }
    return made;
  }

  static slot merged(const slot& old, unsigned level, leaf added) {
    if (old.below)
      return {with(old.below.get(), level + bits, std::move(added)), nullptr};
    if (old.here->hash != added.hash) {
      auto below = with(nullptr, level + bits, *old.here);
      return {with(below.get(), level + bits, std::move(added)), nullptr};
    }
    for (const auto& e : old.here->entries)
      if (e.key != added.entries[0].key) added.entries.push_back(e);
    return {nullptr, std::make_shared<leaf>(std::move(added))};
  }

  /// Null where nothing is left. The key is there.
  static node_ptr without(
    const node& from,
    unsigned level,
    std::uint64_t hash,
    std::string_view key) {
    auto made = std::make_shared<node>(from);
    auto bit = node::bit(hash, level);
    auto at = made->index(bit);
    auto& old = made->slots[at];
    if (old.below)
      old.below = without(*old.below, level + bits, hash, key);
    else
      old.here = without(*old.here, key);
    if (old.below || old.here) return made;
    made->present &= ~bit;
    made->slots.erase(made->slots.begin() + static_cast<std::ptrdiff_t>(at));
    return made->slots.empty() ? nullptr : made;
  }

  static leaf_ptr without(const leaf& from, std::string_view key) {
    auto made = std::make_shared<leaf>(from);
    std::erase_if(made->entries, [&](const entry& e) { return e.key == key; });
    return made->entries.empty() ? nullptr : made;
  }

  template <class Visitor>
  static void visit_all(const node& from, Visitor& visit) {
    for (const auto& s : from.slots) {
      if (s.below) visit_all(*s.below, visit);
      if (!s.here) continue;
      for (const auto& e : s.here->entries) visit(e.key, e.value);
    }
  }

  node_ptr root_;
  std::size_t size_ = 0;
};

} // namespace troupe
