// The first byte is the size of the chunks, the rest is what a client sends:
// however it is cut, the same frames come out; what decodes encodes to what
// decodes to the same, and properties are checked as they are decoded.

#include "engine/amqp/content.hpp"
#include "engine/amqp/frame_reader.hpp"
#include "engine/amqp/method_encoder.hpp"
#include "engine/amqp/methods.hpp"
#include "engine/message/properties.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

using namespace troupe;
using namespace troupe::amqp;

namespace {

void require(bool claim) {
  if (!claim) std::abort();
}

void check_method(std::string_view payload) {
  auto read = decode_method(payload);
  auto publish = basic_publish{};
  auto is_publish = decode(payload, publish);
  if (!read) {
    require(!is_publish && !reply_text(read.error()).empty());
    return;
  }
  require(is_publish == std::holds_alternative<basic_publish>(*read));
  require(to_string(*read).find('\n') == std::string::npos);
  auto again = std::string{};
  std::visit([&](const auto& m) { encode(again, 1, m); }, *read);
  auto inner = std::string_view{again}.substr(frame_head_bytes);
  inner.remove_suffix(1);
  auto second = decode_method(inner);
  require(second.has_value() && *second == *read);
}

void check_header(std::string_view payload) {
  auto read = decode_content_header(payload);
  if (payload.size() > 12) {
    auto properties = payload.substr(12);
    require(
      is_valid_properties(properties)
      == decode_properties(properties).has_value());
  }
  if (read) require(decode_properties(read->properties).has_value());
}

/// Reads until the end or the first damage; returns a print of the frames.
std::string read_all(std::string_view bytes, std::size_t chunk) {
  auto from = frame_reader{4096};
  auto seen = std::string{};
  while (!bytes.empty()) {
    auto piece = std::string{bytes.substr(0, chunk)};
    bytes.remove_prefix(piece.size());
    from.feed(piece);
    for (;;) {
      auto next = from.next();
      if (!next) return seen + "!" + next.error().text;
      if (!*next) break;
      if ((*next)->type == frame_type::method) check_method((*next)->payload);
      if ((*next)->type == frame_type::header) check_header((*next)->payload);
      seen += std::to_string((*next)->channel) + ":";
      seen += std::to_string(static_cast<int>((*next)->type)) + ":";
      seen.append((*next)->payload);
    }
    require(from.unfinished_bytes() <= 4096 + frame_extra_bytes);
  }
  return seen;
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  auto bytes =
    std::string_view{reinterpret_cast<const char*>(input) + 1, size - 1};
  require(read_all(bytes, size) == read_all(bytes, 1u + input[0]));
  // As payloads too, so that a mutation need not keep lengths right.
  check_method(bytes);
  check_header(bytes);
  return 0;
}
