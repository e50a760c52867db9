// What decodes must encode to what decodes to the same, be found without
// decoding, and take a header.

#include "engine/message/properties.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

void check_found(std::string_view bytes, const troupe::properties& set) {
  using namespace troupe;
  if (find_text_property(bytes, "content_type") != set.content_type)
    std::abort();
  if (find_text_property(bytes, "message_id") != set.message_id) std::abort();
  if (find_property(bytes, "cluster_id") != set.cluster_id) std::abort();
  if (find_headers(bytes).has_value() != set.headers.has_value()) std::abort();
}

void check_header_added(std::string_view bytes) {
  using namespace troupe;
  auto changed = with_headers(bytes, {{"a", {"new"}}});
  if (find_text_header(changed, "a") != "new") std::abort();
  if (!decode_properties(changed)) std::abort();
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  using namespace troupe;
  auto bytes = std::string_view{reinterpret_cast<const char*>(input), size};
  for (auto name : property_names()) find_property(bytes, name);
  if (auto found = find_header(bytes, "a")) to_text(*found);
  check_header_added(bytes);
  auto read = decode_properties(bytes);
  if (!read) return 0;
  auto encoded = encode(*read);
  auto again = decode_properties(encoded);
  if (!again || encode(*again) != encoded) std::abort();
  check_found(bytes, *read);
  return 0;
}
