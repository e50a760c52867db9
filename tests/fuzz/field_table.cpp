// What decodes must encode to what decodes to the same; finding must agree.

#include "engine/message/field_table.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int
LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  using namespace troupe;
  auto bytes = std::string_view{reinterpret_cast<const char*>(input), size};
  find(bytes, "a");
  auto read = decode_field_table(bytes);
  if (!read) return 0;
  // Not compared as values: a NaN differs from itself.
  auto encoded = encode(*read);
  auto again = decode_field_table(encoded);
  if (!again || encode(*again) != encoded) std::abort();
  for (const auto& field : read->fields) {
    auto found = find(bytes, field.name);
    if (!found || found->name != field.name) std::abort();
    to_text(*found);
  }
  return 0;
}
