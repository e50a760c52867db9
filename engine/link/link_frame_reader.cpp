#include "engine/link/link_frame_reader.hpp"

#include "engine/base/bytes.hpp"
#include "engine/base/crc32c.hpp"

namespace troupe {

namespace {

bool is_known(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(frame_kind::hello)
         && kind <= static_cast<std::uint8_t>(frame_kind::ping);
}

} // namespace

void link_frame_reader::feed(std::string_view bytes) {
  bytes_.erase(0, std::exchange(taken_, 0));
  bytes_.append(bytes);
}

result<std::optional<link_frame>> link_frame_reader::next() {
  auto rest = std::string_view{bytes_}.substr(taken_);
  if (rest.size() < frame_head_bytes) return std::optional<link_frame>{};
  auto head = byte_reader{rest};
  auto size = head.take<std::uint32_t>();
  auto sum = head.take<std::uint32_t>();
  auto kind = head.take<std::uint8_t>();
  if (size > most_ || !is_known(kind))
    return error{
      errc::corrupt, "what came is not the protocol of Troupe's members; check "
                     "that the address is a member's peer listener"};
  if (rest.size() < frame_head_bytes + size) return std::optional<link_frame>{};
  auto summed = rest.substr(8, frame_head_bytes - 8 + size);
  if (crc32c(summed) != sum)
    return error{
      errc::corrupt, "a frame arrived damaged: its checksum does not fit"};
  taken_ += frame_head_bytes + size;
  return std::optional{
    link_frame{frame_kind{kind}, rest.substr(frame_head_bytes, size)}};
}

} // namespace troupe
