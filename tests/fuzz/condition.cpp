// The first line is a condition, the rest a body: parsing and evaluating must
// do no harm, and a fault must have its column.

#include "engine/routing/condition.hpp"

#include "engine/message/make_message.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int
LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  using namespace troupe;
  auto bytes = std::string_view{reinterpret_cast<const char*>(input), size};
  auto line = bytes.substr(0, bytes.find('\n'));
  auto body = bytes.substr(std::min(line.size() + 1, bytes.size()));
  auto read = condition::parse(line);
  if (!read) {
    if (!read.error().detail.starts_with("column ")) std::abort();
    return 0;
  }
  static const auto set = encode_properties(
    {.headers = {{"kind", "order"}, {"n", "5"}}, .message_id = "m-1"});
  auto of = message{"shop", body.substr(0, 255), set, body};
  auto negated = condition::parse("not (" + std::string{line} + ")");
  // One more level may be one too many.
  if (negated && negated->holds(of) == read->holds(of)) std::abort();
  return 0;
}
