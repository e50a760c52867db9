#include "engine/message/batch.hpp"

#include "engine/base/bytes.hpp"

#include <algorithm>

namespace troupe {

namespace {

// A record: exchange length (8 bits), routing key length (8), properties
// length (32), then the three and the body, which takes the rest.
constexpr std::size_t head_bytes = 6;
constexpr std::size_t count_bytes = 4;
constexpr std::size_t end_bytes = 4;

bool fits(std::string_view record) {
  if (record.size() < head_bytes) return false;
  auto exchange = load<std::uint8_t>(record.data());
  auto key = load<std::uint8_t>(record.data() + 1);
  auto properties = load<std::uint32_t>(record.data() + 2);
  return std::uint64_t{properties} + exchange + key
         <= record.size() - head_bytes;
}

/// Where the records end and the table of their ends begins.
std::size_t table_start(std::string_view bytes, std::size_t size) {
  return bytes.size() - count_bytes - size * end_bytes;
}

} // namespace

result<batch_ptr> batch::decode(std::string bytes) {
  auto wrong = error{errc::corrupt, "a batch's lengths do not add up"};
  if (bytes.size() < count_bytes) return wrong;
  auto size =
    std::size_t{load<std::uint32_t>(bytes.data() + bytes.size() - count_bytes)};
  if (size == 0 || size > (bytes.size() - count_bytes) / end_bytes)
    return wrong;
  auto made = std::shared_ptr<const batch>{new batch{std::move(bytes), size}};
  auto table = table_start(made->bytes_, size);
  auto start = std::size_t{0};
  for (std::size_t i = 0; i < size; ++i) {
    auto end = std::size_t{
      load<std::uint32_t>(made->bytes_.data() + table + i * end_bytes)};
    if (end < start || end > table) return wrong;
    if (!fits(std::string_view{made->bytes_}.substr(start, end - start)))
      return wrong;
    start = end;
  }
  if (start != table) return wrong;
  return made;
}

std::string_view batch::record(std::size_t i) const {
  const char* table = bytes_.data() + table_start(bytes_, size_);
  auto start = i == 0 ? 0 : load<std::uint32_t>(table + (i - 1) * end_bytes);
  auto end = load<std::uint32_t>(table + i * end_bytes);
  return {bytes_.data() + start, end - start};
}

std::size_t batch::bytes(std::size_t first, std::size_t count) const {
  const char* table = bytes_.data() + table_start(bytes_, size_);
  auto end = [&](std::size_t i) -> std::size_t {
    return i == 0 ? 0 : load<std::uint32_t>(table + (i - 1) * end_bytes);
  };
  return end(first + count) - end(first);
}

message batch::operator[](std::size_t i) const {
  auto all = record(i);
  auto exchange = load<std::uint8_t>(all.data());
  auto key = load<std::uint8_t>(all.data() + 1);
  auto properties = load<std::uint32_t>(all.data() + 2);
  const char* at = all.data() + head_bytes;
  auto body = at + exchange + key + properties;
  return {
    {at, exchange},
    {at + exchange, key},
    {at + exchange + key, properties},
    {body, static_cast<std::size_t>(all.data() + all.size() - body)}};
}

void batch_builder::add(const message& message) {
  auto exchange = message.exchange().substr(0, 255);
  auto key = message.routing_key().substr(0, 255);
  auto properties = message.encoded_properties();
  put(bytes_, static_cast<std::uint8_t>(exchange.size()));
  put(bytes_, static_cast<std::uint8_t>(key.size()));
  put(bytes_, static_cast<std::uint32_t>(properties.size()));
  bytes_.append(exchange).append(key).append(properties).append(message.body());
  ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
}

void batch_builder::add(const batch& from, std::size_t i) {
  bytes_.append(from.record(i));
  ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
}

batch_ptr batch_builder::take() {
  if (ends_.empty()) return nullptr;
  auto size = ends_.size();
  bytes_.append(reinterpret_cast<const char*>(ends_.data()), size * end_bytes);
  put(bytes_, static_cast<std::uint32_t>(size));
  bytes_.shrink_to_fit();
  auto made = batch_ptr{new batch{std::move(bytes_), size}};
  bytes_.clear();
  ends_.clear();
  return made;
}

} // namespace troupe
