#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <vector>

namespace troupe {

/// Keeps values in the order of `Less`, in chunks that copies share: copying
/// costs one pointer, a change one chunk and the list of chunks. Reading runs
/// through memory in order, which is what routing to many asks for.
template <class Value, class Less>
class shared_set {
public:
  bool empty() const { return !root_; }
  std::size_t size() const { return root_ ? root_->size : 0; }

  /// Adds a value, in the place of its equal if there is one.
  void set(const Value& value) {
    auto made = root_ ? *root_ : root{};
    auto c = made.chunk_of(value);
    auto grown = c == made.chunks.size() ? chunk{} : *made.chunks[c];
    auto at = std::lower_bound(grown.begin(), grown.end(), value, Less{});
    if (at != grown.end() && !Less{}(value, *at)) {
      *at = value;
    } else {
      grown.insert(at, value);
      ++made.size;
    }
    made.put(c, std::move(grown));
    root_ = std::make_shared<const root>(std::move(made));
  }

  /// Removes the value that is equal by `Less`, if there is one.
  void erase(const Value& value) {
    if (!root_) return;
    auto c = root_->chunk_of(value);
    auto left = *root_->chunks[c];
    auto at = std::lower_bound(left.begin(), left.end(), value, Less{});
    if (at == left.end() || Less{}(value, *at)) return;
    left.erase(at);
    auto made = *root_;
    --made.size;
    made.put(c, std::move(left));
    root_ = made.size ? std::make_shared<const root>(std::move(made)) : nullptr;
  }

  template <class Visitor>
  void for_each(Visitor visit) const {
    if (!root_) return;
    for (const auto& c : root_->chunks)
      for (const auto& value : *c) visit(value);
  }

  /// Returns value `i` in order, `i < size()`.
  const Value& nth(std::size_t i) const {
    auto c = std::size_t{0};
    while (i >= root_->chunks[c]->size()) i -= root_->chunks[c++]->size();
    return (*root_->chunks[c])[i];
  }

private:
  static constexpr std::size_t most_in_chunk = 64;

  using chunk = std::vector<Value>;

  struct root {
    std::size_t size = 0;
    // Shared with copies of the set; none is empty.
    std::vector<std::shared_ptr<const chunk>> chunks;

    /// Returns where `value` is or belongs: one past the last for the first.
    std::size_t chunk_of(const Value& value) const {
      auto next = std::upper_bound(
        chunks.begin(), chunks.end(), value,
        [](const Value& v, const auto& c) { return Less{}(v, c->front()); });
      auto i = static_cast<std::size_t>(next - chunks.begin());
      return i == 0 ? 0 : i - 1;
    }

    /// Puts a changed chunk in its place, in two where it has grown too long.
    void put(std::size_t c, chunk values) {
      auto place = chunks.begin() + static_cast<std::ptrdiff_t>(c);
      if (place != chunks.end()) place = chunks.erase(place);
      if (values.size() > most_in_chunk) {
        auto half = values.begin() + most_in_chunk / 2;
        auto rest = chunk(half, values.end());
        values.erase(half, values.end());
        place =
          chunks.insert(place, std::make_shared<const chunk>(std::move(rest)));
      }
      if (!values.empty())
        chunks.insert(place, std::make_shared<const chunk>(std::move(values)));
    }
  };

  std::shared_ptr<const root> root_; // null: empty
};

} // namespace troupe
