#pragma once

#include "engine/base/clock.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// One key of a component: its name, what it is for, whether it must be there.
struct option {
  std::string_view key;
  std::string_view doc;
  bool is_required = false;
  bool may_be_empty = false; // a text: then "" says something
  bool is_secret = false;    // a text: then no fault shows its line
};

/// What a whole number may be, both ends included.
struct count_range {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::int64_t>::max();
};

struct number_range {
  double least;
  double most;
};

/// Walks the options of a component, each with the member that holds it.
/// Reader, writer and manual are visitors of the one description in
/// options.cpp. What a member holds before it is visited is its default.
class option_visitor {
public:
  virtual ~option_visitor() = default;

  virtual void text(const option& option, std::string& value) = 0;
  virtual void path(const option& option, std::filesystem::path& value) = 0;
  virtual void time(const option& option, duration& value, duration least) = 0;
  virtual void
  size(const option& option, std::uint64_t& bytes, std::uint64_t least) = 0;
  virtual void
  count(const option& option, std::uint64_t& value, count_range range) = 0;
  virtual void
  number(const option& option, double& value, number_range range) = 0;

  /// One of a few words; `index` says which.
  virtual void choice(
    const option& option,
    std::size_t& index,
    std::span<const std::string_view> words) = 0;
  virtual void names(const option& option, std::vector<std::string>& value) = 0;

  /// A table of texts, numbers and booleans under keys of the user's.
  virtual void
  scalars(const option& option, std::map<std::string, std::string>& value) = 0;

  /// A table of texts whose order counts.
  virtual void pairs(
    const option& option,
    std::vector<std::pair<std::string, std::string>>& value) = 0;

  /// Opens a table; its options follow, then `leave`, unless it returns false:
  /// then the table is not there. `is_there` is what a writer goes by.
  virtual bool enter(const option& option, bool is_there) = 0;
  virtual void leave() = 0;

  /// Opens a table of tables under keys of the user's and returns the keys.
  /// `enter` and `leave` follow for each, then one more `leave`; nothing does
  /// where it returns nothing: then the table is not there. `keys` are those
  /// that a writer goes by.
  virtual std::optional<std::vector<std::string>>
  enter_keys(const option& option, std::vector<std::string> keys) = 0;
};

/// Visits a count held in a narrower integer; `range` must fit it.
template <class Integer>
void visit_count(
  option_visitor& visitor,
  const option& option,
  Integer& value,
  count_range range) {
  auto wide = std::uint64_t{value};
  visitor.count(option, wide, range);
  value = static_cast<Integer>(wide);
}

/// Visits an enumeration whose values count from 0 in the order of `words`.
template <class Enum, std::size_t Size>
void visit_choice(
  option_visitor& visitor,
  const option& option,
  Enum& value,
  const std::array<std::string_view, Size>& words) {
  auto index = static_cast<std::size_t>(value);
  visitor.choice(option, index, words);
  value = static_cast<Enum>(index);
}

} // namespace troupe
