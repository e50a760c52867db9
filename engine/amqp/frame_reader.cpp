#include "engine/amqp/frame_reader.hpp"

#include <algorithm>
#include <utility>

namespace troupe::amqp {

namespace {

constexpr std::size_t most_held_when_idle = 4096; // bytes kept allocated

bool is_frame_type(std::uint8_t type) {
  return (type >= 1 && type <= 3) || type == 8;
}

protocol_error damaged(std::string text) {
  return {reply_code::frame_error, std::move(text)};
}

frame frame_at(std::string_view bytes) {
  return {
    static_cast<frame_type>(load<std::uint8_t>(bytes.data())),
    load_wire<std::uint16_t>(bytes.data() + 1),
    bytes.substr(frame_head_bytes, bytes.size() - frame_extra_bytes)};
}

} // namespace

void frame_reader::feed(std::string_view chunk) {
  keep_rest();
  rest_ = chunk;
}

checked<std::optional<frame>> frame_reader::next() {
  if (given_) release();
  if (is_broken_) return damaged("bytes after a damaged frame");
  if (!held_.empty()) return next_held();
  auto size = size_of_first(rest_);
  if (!size) return size.error();
  if (*size == 0 || rest_.size() < *size) {
    keep_rest();
    return std::optional<frame>{};
  }
  auto bytes = rest_.substr(0, *size);
  rest_.remove_prefix(*size);
  return checked_end(bytes);
}

/// Returns the next frame where its start came in an earlier chunk.
checked<std::optional<frame>> frame_reader::next_held() {
  if (!gather(frame_head_bytes)) return std::optional<frame>{};
  auto size = size_of_first(held_);
  if (!size) return size.error();
  if (!gather(*size)) return std::optional<frame>{};
  given_ = true;
  return checked_end(held_);
}

/// Returns how long the frame is that `bytes` begin with, 0 while its head is
/// not whole.
checked<std::size_t> frame_reader::size_of_first(std::string_view bytes) {
  if (bytes.size() < frame_head_bytes) return std::size_t{0};
  auto type = load<std::uint8_t>(bytes.data());
  auto payload = load_wire<std::uint32_t>(bytes.data() + 3);
  if (!is_frame_type(type)) {
    is_broken_ = true;
    return damaged(
      "type " + std::to_string(type) + " is none of a frame; use AMQP 0-9-1");
  }
  // RabbitMQ bears with clients that count the payload alone, so we do.
  if (frame_max_ != 0 && payload > frame_max_) {
    is_broken_ = true;
    return damaged(
      "a frame with " + std::to_string(payload) + " bytes is larger than the "
      + std::to_string(frame_max_) + " agreed on as frame_max");
  }
  return std::size_t{payload} + frame_extra_bytes;
}

checked<std::optional<frame>>
frame_reader::checked_end(std::string_view bytes) {
  if (load<std::uint8_t>(&bytes.back()) == frame_end)
    return std::optional{frame_at(bytes)};
  is_broken_ = true;
  return damaged(
    "a frame of " + std::to_string(bytes.size() - frame_extra_bytes)
    + " bytes does not end in octet 206");
}

/// Moves bytes of the chunk to what is held until there are `want`.
bool frame_reader::gather(std::size_t want) {
  if (held_.size() < want) {
    auto taken = std::min(want - held_.size(), rest_.size());
    held_.append(rest_.substr(0, taken));
    rest_.remove_prefix(taken);
  }
  return held_.size() >= want;
}

void frame_reader::keep_rest() {
  if (given_) release();
  if (!is_broken_) held_.append(rest_);
  rest_ = {};
}

std::size_t frame_reader::give_up_rest() {
  if (given_) release();
  auto size = rest_.size();
  rest_ = {};
  return size;
}

void frame_reader::release() {
  given_ = false;
  held_.clear();
  if (held_.capacity() > most_held_when_idle) held_ = {};
}

} // namespace troupe::amqp
