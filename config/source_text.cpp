#include "config/source_text.hpp"

#include <algorithm>

namespace troupe {

namespace {

// Longer lines are cut when quoted, at a character's start.
constexpr std::size_t longest_line = 300;

std::string quoted_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() <= longest_line) return std::string{line};
  auto end = longest_line;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80)
    --end;
  return std::string{line.substr(0, end)};
}

// Characters from `begin` to the end of the line.
std::uint32_t
rest_of_line(std::string_view line, const toml::source_position& begin) {
  auto starts = std::ranges::count_if(line, [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
  auto length = static_cast<std::uint32_t>(starts);
  return length >= begin.column ? length - begin.column + 1 : 1;
}

} // namespace

source_text::source_text(std::string file, std::string_view text)
  : file_{std::move(file)} {
  for (std::size_t start = 0; start <= text.size();) {
    auto end = std::min(text.find('\n', start), text.size());
    lines_.push_back(text.substr(start, end - start));
    start = end + 1;
  }
}

place source_text::at(const toml::source_region& region) const {
  const auto& [begin, end, path] = region;
  auto out = place{file_, begin.line, begin.column, 1, {}};
  if (begin.line == 0 || begin.line > lines_.size()) return out;
  auto line = lines_[begin.line - 1];
  out.text = quoted_line(line);
  if (end.line > begin.line)
    out.length = rest_of_line(line, begin);
  else if (end.column > begin.column)
    out.length = end.column - begin.column;
  return out;
}

} // namespace troupe
