#include "engine/routing/json_body.hpp"

#include <boost/json/parser.hpp>

#include <charconv>
#include <exception>

namespace troupe {

namespace json = boost::json;

namespace {

template <class T>
std::string_view number(T value, std::string& scratch) {
  char digits[32];
  auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return scratch.assign(digits, end);
}

} // namespace

std::optional<std::string_view>
json_body::field(std::string_view path, std::string& scratch) {
  const auto* found = find(path);
  if (!found) return std::nullopt;
  switch (found->kind()) {
    case json::kind::string: return std::string_view{found->get_string()};
    case json::kind::int64: return number(found->get_int64(), scratch);
    case json::kind::uint64: return number(found->get_uint64(), scratch);
    case json::kind::double_: return number(found->get_double(), scratch);
    case json::kind::bool_: return found->get_bool() ? "true" : "false";
    default: return std::nullopt;
  }
}

bool json_body::has(std::string_view path) { return find(path) != nullptr; }

const json::value* json_body::find(std::string_view path) {
  if (!is_parsed_) parse();
  if (!root_) return nullptr;
  if (path.starts_with('/')) {
    auto ec = boost::system::error_code{};
    return root_->find_pointer({path.data(), path.size()}, ec);
  }
  const auto* object = root_->if_object();
  return object ? object->if_contains({path.data(), path.size()}) : nullptr;
}

void json_body::parse() {
  is_parsed_ = true;
  try {
    unsigned char work[1024];
    auto parser = json::parser{{}, {}, work};
    parser.reset(&memory_);
    auto ec = boost::system::error_code{};
    parser.write(text_.data(), text_.size(), ec);
    if (!ec) root_.emplace(parser.release(), &memory_);
  } catch (const std::exception&) {
    root_.reset(); // too large for the parser, or for memory
  }
}

} // namespace troupe
