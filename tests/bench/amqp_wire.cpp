#include "tests/bench/amqp_wire.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <sys/socket.h>

namespace troupe::bench::amqp {

namespace {

constexpr std::size_t frame_max = 131072; // bytes, as negotiated
constexpr std::size_t head = 7;           // of a frame: kind, channel, size
constexpr char frame_end = '\xCE';

void append_head(std::string& out, kind x, std::size_t size) {
  append_number(out, static_cast<std::uint64_t>(x), 1);
  append_number(out, 1, 2);
  append_number(out, size, 4);
}

} // namespace

std::uint64_t number(std::string_view bytes, std::size_t width) {
  auto x = std::uint64_t{0};
  for (auto c : bytes.substr(0, width))
    x = x << 8 | static_cast<unsigned char>(c);
  return x;
}

void append_number(std::string& out, std::uint64_t x, std::size_t width) {
  for (; width > 0; --width)
    out.push_back(static_cast<char>(x >> (8 * (width - 1))));
}

outgoing_method::outgoing_method(
  std::string& out, method name, std::uint16_t channel)
  : out_(out), start_(out.size()) {
  append_number(out, static_cast<std::uint64_t>(kind::method), 1);
  append_number(out, channel, 2);
  append_number(out, 0, 4); // known at the end
  append_number(out, static_cast<std::uint64_t>(name), 4);
}

outgoing_method::~outgoing_method() {
  auto size = out_.size() - start_ - head;
  for (std::size_t i = 0; i < 4; ++i)
    out_[start_ + 3 + i] = static_cast<char>(size >> (8 * (3 - i)));
  out_.push_back(frame_end);
}

outgoing_method& outgoing_method::number(std::uint64_t x, std::size_t width) {
  append_number(out_, x, width);
  return *this;
}

outgoing_method& outgoing_method::short_text(std::string_view text) {
  append_number(out_, text.size(), 1);
  out_.append(text);
  return *this;
}

outgoing_method& outgoing_method::long_text(std::string_view text) {
  append_number(out_, text.size(), 4);
  out_.append(text);
  return *this;
}

void append_content(
  std::string& out, std::string_view body, bool is_persistent) {
  constexpr std::uint64_t has_delivery_mode = 1 << 12;
  append_head(out, kind::header, 15);
  append_number(out, 60, 2);
  append_number(out, 0, 2);
  append_number(out, body.size(), 8);
  append_number(out, has_delivery_mode, 2);
  append_number(out, is_persistent ? 2 : 1, 1);
  out.push_back(frame_end);
  while (!body.empty()) {
    auto part = body.substr(0, frame_max - head - 1);
    append_head(out, kind::body, part.size());
    out.append(part);
    out.push_back(frame_end);
    body.remove_prefix(part.size());
  }
}

inbox::inbox() : bytes_(4 * frame_max) {}

bool inbox::fill(int socket) {
  if (bytes_.size() - end_ < frame_max) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  auto got =
    ::recv(socket, bytes_.data() + end_, bytes_.size() - end_, MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  end_ += static_cast<std::size_t>(got);
  return got > 0;
}

std::optional<frame> inbox::next() {
  auto all = std::string_view{bytes_.data() + begin_, end_ - begin_};
  if (all.size() < head) return {};
  auto size = number(all.substr(3), 4);
  if (size > frame_max) throw std::runtime_error{"a frame beyond frame_max"};
  if (all.size() < size + head + 1) return {};
  begin_ += size + head + 1;
  auto x = frame{
    static_cast<amqp::kind>(all[0]),
    static_cast<std::uint16_t>(number(all.substr(1), 2)),
    all.substr(head, size),
    {},
    all.substr(0, size + head + 1)};
  if (x.kind != kind::method) return x;
  x.name = static_cast<method>(number(x.payload, 4));
  x.payload.remove_prefix(std::min<std::size_t>(4, size));
  return x;
}

bool inbox::skip(std::size_t bytes) {
  if (end_ - begin_ < bytes) return false;
  begin_ += bytes;
  return true;
}

} // namespace troupe::bench::amqp
