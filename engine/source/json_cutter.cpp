#include "engine/source/json_cutter.hpp"

#include "engine/source/byte_order_mark.hpp"

#include <boost/json/parse.hpp>

namespace troupe {

namespace {

constexpr auto spaces = std::string_view{" \t\r\n"};

/// A byte as a message can show it.
std::string shown(char c) {
  constexpr auto digits = "0123456789abcdef";
  auto byte = static_cast<unsigned char>(c);
  if (byte > ' ' && byte < 0x7f) return std::string{'\''} + c + '\'';
  return std::string{"the byte 0x"} + digits[byte >> 4] + digits[byte & 15];
}

bool is_json(std::string_view scalar) {
  auto failed = boost::json::error_code{};
  boost::json::parse({scalar.data(), scalar.size()}, failed);
  return !failed;
}

} // namespace

void json_cutter::resume(const source_place& at) {
  offset_ = at.offset;
  number_ = at.number;
  state_ = at.number == 0 ? state::start : state::behind_element;
}

result<std::optional<record>> json_cutter::cut(std::string_view& input) {
  while (!input.empty()) {
    if (state_ == state::element) {
      auto made = cut_element(input);
      if (!made || *made) return made;
    } else if (spaces.find(input.front()) != spaces.npos) {
      auto end = std::min(input.find_first_not_of(spaces), input.size());
      skip(input, end);
    } else if (auto done = step(input); !done) {
      return done.error();
    }
  }
  return std::nullopt;
}

result<void> json_cutter::step(std::string_view& input) {
  auto c = input.front();
  auto is_mark = state_ == state::start && offset_ < byte_order_mark.size()
                 && c == byte_order_mark[offset_];
  if (state_ == state::start && !is_mark && c != '[')
    return fault(
      "a JSON array was expected, not " + shown(c)
      + "; where each line is a value of its own, the format is ndjson");
  if (state_ == state::end)
    return fault("nothing may follow the array, but " + shown(c) + " does");
  if (state_ == state::behind_element && c != ',' && c != ']')
    return fault("',' or ']' was expected, not " + shown(c));
  auto is_closed = state_ != state::next_element && c == ']';
  if (state_ == state::next_element || state_ == state::first_element)
    if (!is_closed) return begin_element(c);
  if (is_closed)
    state_ = state::end;
  else if (!is_mark)
    state_ =
      state_ == state::start ? state::first_element : state::next_element;
  skip(input, 1);
  return {};
}

result<void> json_cutter::begin_element(char first) {
  begin_ = offset_;
  if (!json_scan::can_begin(first))
    return fault("no JSON value begins with " + shown(first));
  scan_.begin(first);
  state_ = state::element;
  return {};
}

result<std::optional<record>>
json_cutter::cut_element(std::string_view& input) {
  auto window = input.substr(0, buffer_.room());
  auto [taken, what] = scan_.scan(window);
  skip(input, taken);
  if (what == json_scan::verdict::mismatched)
    return fault(shown(window[taken]) + " closes what is not open");
  auto part = window.substr(0, taken);
  if (what == json_scan::verdict::ended) return take(buffer_.complete(part));
  buffer_.hold(part);
  if (buffer_.is_too_long()) return buffer_.too_long(number_ + 1, begin_);
  return std::nullopt;
}

result<std::optional<record>> json_cutter::take(std::string_view body) {
  if (buffer_.is_too_long(body)) return buffer_.too_long(number_ + 1, begin_);
  if (scan_.is_scalar() && !is_json(body))
    return record_fault(
      number_ + 1, begin_,
      "'" + std::string{body.substr(0, 40)} + "' is no JSON value");
  state_ = state::behind_element;
  return record{body, ++number_, offset_};
}

result<std::optional<record>> json_cutter::finish() {
  switch (state_) {
    case state::end: return std::nullopt;
    case state::start: return fault("the input ends before a JSON array");
    case state::element:
      return record_fault(
        number_ + 1, begin_,
        "the input ends at byte " + std::to_string(offset_)
          + ", within this element; is it whole?");
    default:
      return fault(
        "the input ends, but its array does not: ']' is missing behind record "
        + std::to_string(number_));
  }
}

void json_cutter::skip(std::string_view& input, std::size_t size) {
  input.remove_prefix(size);
  offset_ += size;
}

error json_cutter::fault(const std::string& what) const {
  return record_fault(number_ + 1, offset_, what);
}

} // namespace troupe
