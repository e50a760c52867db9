#include "engine/source/csv_cutter.hpp"

#include "engine/source/byte_order_mark.hpp"

#include <algorithm>

namespace troupe {

namespace {

bool ends_plain_field(char c) { return c == ',' || c == '\n'; }

} // namespace

void csv_cutter::resume(const source_place& at) {
  state_ = state::field;
  buffer_.drop();
  offset_ = at.offset;
  place_ = at;
}

result<std::optional<record>> csv_cutter::cut(std::string_view& input) {
  while (!input.empty()) {
    auto window = input.substr(0, buffer_.room());
    auto part = window.substr(0, scan(window));
    skip(input, part.size());
    if (state_ == state::wrong)
      return fault(
        "at byte " + std::to_string(offset_)
        + " something follows the quote that ends a field; a quote within a "
          "field is written twice");
    if (state_ != state::ended) {
      buffer_.hold(part);
      if (buffer_.is_too_long())
        return buffer_.too_long(place_.number + 1, place_.offset);
      continue;
    }
    skip(input, 1);
    auto made = take(buffer_.complete(part));
    if (!made || *made) return made;
  }
  return std::nullopt;
}

result<std::optional<record>> csv_cutter::finish() {
  if (state_ == state::quoted)
    return fault("the input ends within a quoted field; is it whole?");
  if (buffer_.is_empty()) return std::nullopt;
  return take(buffer_.complete({}));
}

/// Takes a whole row, the header or another.
result<std::optional<record>> csv_cutter::take(std::string_view row) {
  state_ = state::field;
  if (place_.offset == 0 && mark_ == byte_order_mark.size())
    row.remove_prefix(mark_);
  if (row.ends_with('\r')) row.remove_suffix(1);
  place_.offset = offset_;
  if (row.empty()) return std::nullopt;
  fields_.split(row);
  if (columns_) {
    columns_->write(fields_, body_);
    return record{body_, ++place_.number, offset_};
  }
  auto made = csv_columns::make(fields_);
  if (!made) return made.error();
  columns_ = std::move(*made);
  return std::nullopt;
}

// -- finding a row's end

std::size_t csv_cutter::scan(std::string_view bytes) {
  auto at = std::size_t{0};
  while (at < bytes.size() && state_ != state::ended && state_ != state::wrong)
    at = step(bytes, at);
  return at;
}

/// Returns where to go on.
std::size_t csv_cutter::step(std::string_view bytes, std::size_t at) {
  if (state_ == state::field) {
    if (is_mark(bytes[at], at)) return at + 1;
    auto is_quoted = bytes[at] == '"';
    state_ = is_quoted ? state::quoted : state::plain;
    return at + is_quoted;
  }
  if (state_ == state::quoted) {
    auto end = bytes.find('"', at);
    if (end == bytes.npos) return bytes.size();
    state_ = state::closed;
    return end + 1;
  }
  if (state_ != state::plain) return at + step_closed(bytes[at]);
  auto end = std::find_if(bytes.begin() + at, bytes.end(), ends_plain_field);
  at = static_cast<std::size_t>(end - bytes.begin());
  if (end == bytes.end()) return at;
  state_ = *end == ',' ? state::field : state::ended;
  return at + (*end == ',');
}

/// Returns how many bytes to go on by.
std::size_t csv_cutter::step_closed(char c) {
  auto next = state::wrong;
  if (c == '\n') next = state::ended;
  if (c == '"' && state_ == state::closed) next = state::quoted;
  if (c == ',' && state_ == state::closed) next = state::field;
  if (c == '\r' && state_ == state::closed) next = state::line_end;
  state_ = next;
  return next == state::ended || next == state::wrong ? 0 : 1;
}

bool csv_cutter::is_mark(char c, std::size_t at) {
  auto is_next = mark_ < byte_order_mark.size() && offset_ + at == mark_
                 && c == byte_order_mark[mark_];
  mark_ += is_next;
  return is_next;
}

void csv_cutter::skip(std::string_view& input, std::size_t size) {
  input.remove_prefix(size);
  offset_ += size;
}

error csv_cutter::fault(const std::string& what) const {
  return record_fault(place_.number + 1, place_.offset, what);
}

} // namespace troupe
