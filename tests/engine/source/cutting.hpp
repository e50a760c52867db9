#pragma once

#include "engine/source/record_cutter.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// A record that outlives its chunk.
struct piece {
  std::string body;
  std::uint64_t number = 0;
  std::uint64_t end = 0;
  bool operator==(const piece&) const = default;
};

/// What an input was cut into, and how that ended.
struct cutting {
  std::vector<piece> records;
  error fault;

  std::vector<std::string> bodies() const {
    auto all = std::vector<std::string>{};
    for (const auto& x : records) all.push_back(x.body);
    return all;
  }

  bool operator==(const cutting&) const = default;
};

/// Lets `cutter` have `input` in chunks whose sizes `next_size` gives (from 1),
/// each in memory of its own, so that a sanitizer sees a view that outlives it.
template <class NextSize>
cutting cut_in_chunks(
  record_cutter cutter, std::string_view input, NextSize next_size) {
  auto all = cutting{};
  auto keep = [&](const result<std::optional<record>>& made) {
    if (!made) all.fault = made.error();
    if (!made || !*made) return false;
    all.records.push_back(
      {std::string{(*made)->body}, (*made)->number, (*made)->end});
    return true;
  };
  while (!input.empty()) {
    auto size = std::min<std::size_t>(next_size(), input.size());
    auto chunk = std::vector<char>(input.begin(), input.begin() + size);
    input.remove_prefix(size);
    auto rest = std::string_view{chunk.data(), chunk.size()};
    while (keep(cutter.cut(rest))) {
    }
    if (all.fault.code != errc::none) return all;
  }
  while (keep(cutter.finish())) {
  }
  return all;
}

inline cutting cut_whole(
  record_kind kind, std::string_view input, std::uint64_t limit = 1024) {
  return cut_in_chunks(
    record_cutter{kind, limit}, input, [&] { return input.size(); });
}

/// Cuts what follows the record `at`, as after a restart.
inline cutting cut_from(
  record_kind kind,
  std::string_view input,
  const source_place& at,
  std::uint64_t limit = 1024) {
  auto cutter = record_cutter{kind, limit};
  for (auto rest = input; !cutter.can_resume();)
    if (auto made = cutter.cut(rest); !made) return {{}, made.error()};
  cutter.resume(at);
  auto rest = input.substr(at.offset);
  return cut_in_chunks(std::move(cutter), rest, [&] { return rest.size(); });
}

} // namespace troupe::test
