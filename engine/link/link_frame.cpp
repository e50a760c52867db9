#include "engine/link/link_frame.hpp"

#include "engine/base/bytes.hpp"
#include "engine/base/crc32c.hpp"

namespace troupe {

void put_frame(std::string& out, frame_kind kind, std::string_view payload) {
  const char tail[] = {static_cast<char>(kind), 0, 0, 0};
  auto sum = crc32c(payload, crc32c({tail, sizeof tail}));
  put(out, static_cast<std::uint32_t>(payload.size()));
  put(out, sum);
  out.append(tail, sizeof tail);
  out.append(payload);
}

void put_message(std::string& out, std::string_view message) {
  while (message.size() > most_payload) {
    put_frame(out, frame_kind::part, message.substr(0, most_payload));
    message.remove_prefix(most_payload);
  }
  put_frame(out, frame_kind::last, message);
}

} // namespace troupe
