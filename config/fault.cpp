#include "config/fault.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <tuple>

namespace troupe {

namespace {

std::size_t count(const std::vector<fault>& faults, fault::severity level) {
  return static_cast<std::size_t>(
    std::ranges::count(faults, level, &fault::level));
}

std::string counted(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string level_name(const fault& fault) {
  return fault.level == fault::severity::error ? "error" : "warning";
}

bool is_control(unsigned char byte) {
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

// Keeps escape sequences in a file or a name from reaching the terminal.
std::string printable(std::string text) {
  auto last = char{};
  for (auto& byte : text) {
    // In UTF-8, c2 and one of these is a control character of 8 bits.
    auto is_wide = last == '\xc2' && (byte & 0xe0) == 0x80;
    last = byte;
    if (is_wide || is_control(static_cast<unsigned char>(byte))) byte = '?';
  }
  return text;
}

std::string to_string(const place& where) {
  if (where.line == 0) return where.file;
  return where.file + ":" + std::to_string(where.line) + ":"
         + std::to_string(where.column);
}

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

// Blanks as wide as the text before the column; tabs stay tabs. Empty when the
// line was cut before the column.
std::string indent(const place& where) {
  auto out = std::string{};
  for (auto byte : where.text) {
    if (out.size() + 1 >= where.column) return out;
    if (starts_character(byte)) out += byte == '\t' ? '\t' : ' ';
  }
  return out;
}

std::string underline(const place& where) {
  auto length = std::clamp<std::uint32_t>(where.length, 1, 80);
  return indent(where) + std::string(length, '^');
}

void add_source_line(std::string& out, const fault& fault) {
  auto number = std::to_string(fault.where.line);
  auto margin = std::string(number.size() + 1, ' ') + "|";
  out += margin + "\n" + number + " | " + printable(fault.where.text) + "\n";
  out += margin + " " + underline(fault.where);
  if (!fault.label.empty()) out += " " + printable(fault.label);
  out += "\n";
}

void add_remark(
  std::string& out, const std::string& kind, const std::string& text) {
  if (!text.empty()) out += "   = " + kind + ": " + printable(text) + "\n";
}

boost::json::object to_object(const fault& fault) {
  auto out = boost::json::object{
    {"severity", level_name(fault)}, {"id", fault.id},
    {"message", fault.message},      {"file", fault.where.file},
    {"line", fault.where.line},      {"column", fault.where.column},
    {"length", fault.where.length}};
  if (!fault.label.empty()) out["label"] = fault.label;
  if (!fault.note.empty()) out["note"] = fault.note;
  if (!fault.help.empty()) out["help"] = fault.help;
  return out;
}

std::string joined(const std::vector<std::string>& files) {
  auto out = std::string{};
  for (const auto& file : files) out += (out.empty() ? "" : ", ") + file;
  return out;
}

} // namespace

fault make_fault(std::string id, std::string message, place where) {
  auto level =
    id.starts_with('W') ? fault::severity::warning : fault::severity::error;
  return {level, std::move(id), std::move(message), std::move(where), {}, {},
          {}};
}

bool has_errors(const std::vector<fault>& faults) {
  return count(faults, fault::severity::error) > 0;
}

void sort_faults(std::vector<fault>& faults) {
  std::ranges::stable_sort(faults, std::less{}, [](const fault& f) {
    return std::tuple{f.where.file, f.where.line, f.where.column};
  });
}

std::string to_string(const fault& fault) {
  auto out = level_name(fault) + "[" + fault.id
             + "]: " + printable(fault.message) + "\n";
  if (!fault.where.file.empty())
    out += "  --> " + printable(to_string(fault.where)) + "\n";
  if (fault.where.line > 0) add_source_line(out, fault);
  add_remark(out, "note", fault.note);
  add_remark(out, "help", fault.help);
  return out;
}

std::string to_text(
  const std::vector<fault>& faults, const std::vector<std::string>& files) {
  auto out = std::string{};
  for (const auto& fault : faults) out += to_string(fault) + "\n";
  return out + closing_line(faults, files) + "\n";
}

std::string to_json(const std::vector<fault>& faults) {
  auto list = boost::json::array{};
  for (const auto& fault : faults) list.emplace_back(to_object(fault));
  return boost::json::serialize(boost::json::object{
    {"faults", std::move(list)},
    {"errors", count(faults, fault::severity::error)},
    {"warnings", count(faults, fault::severity::warning)}});
}

std::string closing_line(
  const std::vector<fault>& faults, const std::vector<std::string>& files) {
  auto errors = count(faults, fault::severity::error);
  auto warnings = count(faults, fault::severity::warning);
  auto mark = errors > 0 ? "x " : warnings > 0 ? "~ " : "√ ";
  auto out = mark + printable(joined(files)) + ": " + counted(errors, "error");
  if (warnings > 0) out += ", " + counted(warnings, "warning");
  if (!faults.empty())
    out += "            (troupe explain " + faults.front().id + ")";
  return out;
}

} // namespace troupe
