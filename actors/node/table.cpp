#include "actors/node/table.hpp"

#include "actors/node/shown.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

/// Keeps a row on one line.
std::string one_line(const std::string& text) {
  auto line = std::string{};
  for (auto byte : text) line += byte == '\n' ? "\\n" : std::string(1, byte);
  return line;
}

std::string cell(const json::value& row, const std::string& column) {
  auto* found = row.as_object().if_contains(column);
  if (!found || found->is_null()) return "";
  if (found->is_string()) return one_line(shown(found->get_string()));
  return one_line(shown(json::serialize(*found)));
}

bool is_number(const json::value& row, const std::string& column) {
  auto* found = row.as_object().if_contains(column);
  return found && found->is_number();
}

} // namespace

std::string
to_table(const json::array& rows, const std::vector<std::string>& columns) {
  auto lines = std::vector<std::string>(rows.size() + 1);
  for (const auto& column : columns) {
    auto width = column.size();
    for (const auto& row : rows)
      width = std::max(width, cell(row, column).size());
    auto is_last = &column == &columns.back();
    auto add = [&](std::string& line, const std::string& text, bool right) {
      auto space = std::string(width - text.size(), ' ');
      if (!line.empty()) line += "  ";
      line += right ? space + text : is_last ? text : text + space;
    };
    auto right = !rows.empty() && is_number(rows[0], column);
    add(lines[0], column, right);
    for (std::size_t i = 0; i < rows.size(); ++i)
      add(lines[i + 1], cell(rows[i], column), right);
  }
  auto text = std::string{};
  for (const auto& line : lines) text += line + '\n';
  return text;
}

std::string to_json_lines(const json::array& rows) {
  auto text = std::string{};
  for (const auto& row : rows)
    text += json::serialize(json_shown(row.as_object())) + '\n';
  return text;
}

} // namespace troupe
