#include "engine/source/line_cutter.hpp"

namespace troupe {

result<std::optional<record>> line_cutter::cut(std::string_view& input) {
  while (!input.empty()) {
    auto window = input.substr(0, buffer_.room());
    auto end = window.find('\n');
    if (end == window.npos) {
      buffer_.hold(window);
      offset_ += window.size();
      input.remove_prefix(window.size());
      if (buffer_.is_too_long())
        return buffer_.too_long(place_.number + 1, place_.offset);
      continue;
    }
    offset_ += end + 1;
    input.remove_prefix(end + 1);
    auto line = buffer_.complete(window.substr(0, end));
    if (auto made = take(line)) return made;
  }
  return std::nullopt;
}

result<std::optional<record>> line_cutter::finish() {
  if (buffer_.is_empty()) return std::nullopt;
  return take(buffer_.complete({}));
}

std::optional<record> line_cutter::take(std::string_view line) {
  auto is_first = place_.offset == 0;
  place_.offset = offset_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (blank_ == blank_lines::skip) {
    if (is_first && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (line.find_first_not_of(" \t\r") == line.npos) return std::nullopt;
  }
  return record{line, ++place_.number, offset_};
}

} // namespace troupe
