#include "engine/amqp/content_encoder.hpp"

#include <limits>

namespace troupe::amqp {

void put_body(
  std::string& out,
  std::uint16_t channel,
  std::uint32_t frame_max,
  std::string_view body) {
  auto most = frame_max == 0
                ? std::size_t{std::numeric_limits<std::uint32_t>::max()}
                : std::max<std::size_t>(frame_max, 4096) - frame_extra_bytes;
  while (!body.empty()) {
    auto piece = body.substr(0, most);
    std::array<char, frame_head_bytes> head;
    place_encoder{head.data()}.frame_head(
      frame_type::body, channel, piece.size());
    out.append(head.data(), head.size()).append(piece);
    put(out, frame_end);
    body.remove_prefix(piece.size());
  }
}

} // namespace troupe::amqp
