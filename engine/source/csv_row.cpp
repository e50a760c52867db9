#include "engine/source/csv_row.hpp"

#include <boost/json/serializer.hpp>

#include <algorithm>
#include <map>

namespace troupe {

namespace {

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '"' || c == '\\';
}

void append_json(std::string& out, std::string_view text) {
  // Most fields need no escapes, and a printer costs more than they do.
  if (std::ranges::none_of(text, needs_escape)) {
    out += '"';
    out.append(text) += '"';
    return;
  }
  auto printer = boost::json::serializer{};
  printer.reset(boost::json::string_view{text.data(), text.size()});
  char piece[512];
  while (!printer.done()) {
    auto done = printer.read(piece);
    out.append(done.data(), done.size());
  }
}

std::string key_of(std::string_view name) {
  auto key = std::string{};
  append_json(key, name);
  return key + ':';
}

error column_fault(const std::string& name, std::size_t at, std::string what) {
  return {
    errc::bad_input, "the header's column " + std::to_string(at + 1) + ", '"
                       + name.substr(0, 80) + "', " + std::move(what)};
}

} // namespace

// -- fields

void csv_fields::split(std::string_view row) {
  size_ = 0;
  for (;;) {
    if (row.starts_with('"')) {
      row = take_quoted(row.substr(1));
    } else {
      auto end = std::min(row.find(','), row.size());
      add() = row.substr(0, end);
      row.remove_prefix(end);
    }
    if (row.empty()) return;
    row.remove_prefix(1); // the comma
  }
}

/// Takes a field up to the quote that ends it; returns what follows.
std::string_view csv_fields::take_quoted(std::string_view rest) {
  auto& field = add();
  for (;;) {
    auto end = std::min(rest.find('"'), rest.size());
    field.append(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!rest.starts_with('"')) return rest;
    field += '"';
    rest.remove_prefix(1);
  }
}

std::string& csv_fields::add() {
  if (size_ == fields_.size()) fields_.emplace_back();
  auto& field = fields_[size_++];
  field.clear();
  return field;
}

// -- columns

result<csv_columns> csv_columns::make(const csv_fields& header) {
  auto made = csv_columns{};
  auto places = std::map<std::string, std::size_t>{};
  for (std::size_t i = 0; i < header.size(); ++i) {
    auto name = header[i];
    if (name.empty()) name = "column_" + std::to_string(i + 1);
    if (name == extra)
      return column_fault(name, i, "has a name that is taken; rename it");
    auto [at, is_new] = places.emplace(name, i);
    if (!is_new)
      return column_fault(
        name, i,
        "is named as column " + std::to_string(at->second + 1)
          + " is; rename one of them");
    made.keys_.push_back(key_of(name));
  }
  return made;
}

void csv_columns::write(const csv_fields& row, std::string& out) const {
  out = '{';
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (i > 0) out += ',';
    out += keys_[i];
    append_json(out, i < row.size() ? std::string_view{row[i]} : "");
  }
  for (auto i = keys_.size(); i < row.size(); ++i) {
    out += i == keys_.size() ? "," + key_of(extra) + '[' : ",";
    append_json(out, row[i]);
  }
  out += row.size() > keys_.size() ? "]}" : "}";
}

} // namespace troupe
