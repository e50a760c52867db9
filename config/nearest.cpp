#include "config/nearest.hpp"

#include <algorithm>

namespace troupe {

namespace {

// Longer names are not compared: the table below grows with their product.
constexpr std::size_t longest_compared = 100;
// Nor is a name looked for among more than this: each fault would cost a walk.
constexpr std::size_t most_candidates = 2000;

// Edits between two names; neighbours swapped count as one edit.
std::size_t distance(std::string_view a, std::string_view b) {
  auto rows = std::vector(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) rows[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto& here = rows[i][j];
      here = std::min(
        {rows[i - 1][j] + 1, rows[i][j - 1] + 1,
         rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        here = std::min(here, rows[i - 2][j - 2] + 1);
    }
  return rows[a.size()][b.size()];
}

} // namespace

std::string
nearest(std::string_view name, const std::vector<std::string>& candidates) {
  auto best = std::string{};
  auto least = std::max<std::size_t>(1, name.size() / 3) + 1;
  if (name.size() > longest_compared || candidates.size() > most_candidates)
    return best;
  for (const auto& candidate : candidates) {
    // No fewer edits than the lengths differ by.
    if (candidate.size() > name.size() + least) continue;
    if (name.size() > candidate.size() + least) continue;
    auto edits = distance(name, candidate);
    if (edits >= least || edits >= candidate.size()) continue;
    least = edits;
    best = candidate;
  }
  return best;
}

} // namespace troupe
