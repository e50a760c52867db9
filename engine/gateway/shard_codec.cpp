#include "engine/gateway/shard_codec.hpp"

#include "engine/base/bytes.hpp"
#include "engine/gateway/shard_fields.hpp"

#include <bit>
#include <cassert>
#include <map>
#include <optional>

namespace troupe::gateway {

namespace {

// -- writing

/// Returns the part of a batch that is lent.
batch_ptr lent_part(const loaned_run& run) {
  if (run.count == run.messages->size()) return run.messages;
  auto part = batch_builder{};
  for (std::uint32_t i = 0; i < run.count; ++i)
    part.add(*run.messages, run.first + i);
  return part.take();
}

class writer {
public:
  explicit writer(std::string& out) : out_{out} {}

  template <class... Fields>
  void operator()(const Fields&... values) {
    (write(values), ...);
  }

  void lent(const loaned_run& run) { write(lent_part(run)); }

  template <class Claim>
  void require(Claim claim) {
    assert(claim());
    static_cast<void>(claim);
  }

private:
  template <std::integral T>
  void write(T value) {
    put(out_, static_cast<std::make_unsigned_t<T>>(value));
  }
  void write(bool yes) { put(out_, std::uint8_t{yes}); }
  void write(double value) { put(out_, std::bit_cast<std::uint64_t>(value)); }

  template <class T>
  requires std::is_enum_v<T>
  void write(T value) { write(static_cast<std::underlying_type_t<T>>(value)); }

  void write(duration time) { write(std::int64_t{time.count()}); }
  void write(time_point at) { write(at.time_since_epoch()); }
  void write(const std::string& text) { put_text(out_, text); }

  /// The bytes of all batches of a frame are copied once, into room that was
  /// made for them before.
  void write(const batch_ptr& messages) { put_text(out_, messages->bytes()); }

  template <class T>
  void write(const std::optional<T>& value) {
    write(value.has_value());
    if (value) write(*value);
  }

  template <class T>
  void write(const std::vector<T>& values) {
    put(out_, static_cast<std::uint32_t>(values.size()));
    for (const auto& value : values) write(value);
  }

  template <class Key, class T>
  void write(const std::map<Key, T>& values) {
    put(out_, static_cast<std::uint32_t>(values.size()));
    for (const auto& [key, value] : values) (*this)(key, value);
  }

  template <class... Kinds>
  void write(const std::variant<Kinds...>& what) {
    put(out_, static_cast<std::uint8_t>(what.index()));
    std::visit([&](const auto& x) { write(x); }, what);
  }

  template <class T>
  requires requires(writer& v, const T& x) { fields(v, x); }
  void write(const T& value) { fields(*this, value); }

  std::string& out_;
};

// -- reading

class reader {
public:
  explicit reader(std::string_view bytes) : in_{bytes} {}

  template <class... Fields>
  void operator()(Fields&... values) {
    (read(values), ...);
  }

  void lent(loaned_run& run) {
    read(run.messages);
    if (in_.ok()) run.count = static_cast<std::uint32_t>(run.messages->size());
  }

  template <class Claim>
  void require(Claim claim) {
    if (in_.ok() && !claim()) in_.fail();
  }

  bool is_done() const { return in_.ok() && in_.at_end(); }

private:
  template <std::integral T>
  void read(T& value) {
    value = static_cast<T>(in_.take<std::make_unsigned_t<T>>());
  }
  void read(bool& yes) {
    auto value = in_.take<std::uint8_t>();
    if (value > 1) in_.fail();
    yes = value == 1;
  }
  void read(double& value) {
    value = std::bit_cast<double>(in_.take<std::uint64_t>());
  }

  template <class T>
  requires std::is_enum_v<T>
  void read(T& value) {
    auto number = std::underlying_type_t<T>{};
    read(number);
    value = T{number};
  }

  void read(duration& time) {
    auto count = std::int64_t{0};
    read(count);
    time = duration{count};
  }
  void read(time_point& at) {
    auto since = duration{};
    read(since);
    at = time_point{since};
  }
  void read(std::string& text) { text = in_.take_text(); }

  void read(batch_ptr& messages) {
    auto decoded = batch::decode(std::string{in_.take_text()});
    if (!decoded)
      in_.fail();
    else
      messages = *decoded;
  }

  template <class T>
  void read(std::optional<T>& value) {
    auto is_there = false;
    read(is_there);
    if (is_there) read(value.emplace());
  }

  /// Reserves nothing: the count is a stranger's until its values are there.
  template <class T>
  void read(std::vector<T>& values) {
    auto count = in_.take<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i)
      read(values.emplace_back());
  }

  template <class Key, class T>
  void read(std::map<Key, T>& values) {
    auto count = in_.take<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) {
      auto entry = std::pair<Key, T>{};
      (*this)(entry.first, entry.second);
      if (!values.empty() && entry.first <= values.rbegin()->first) in_.fail();
      values.insert(values.end(), std::move(entry));
    }
  }

  template <class... Kinds>
  void read(std::variant<Kinds...>& what) {
    if (!make<0>(what, in_.take<std::uint8_t>())) in_.fail();
    std::visit([&](auto& x) { read(x); }, what);
  }

  template <std::size_t I, class Variant>
  bool make(Variant& what, std::size_t kind) {
    if constexpr (I < std::variant_size_v<Variant>) {
      if (kind != I) return make<I + 1>(what, kind);
      what.template emplace<I>();
      return true;
    }
    return false;
  }

  template <class T>
  requires requires(reader& v, T& x) { fields(v, x); }
  void read(T& value) { fields(*this, value); }

  byte_reader in_;
};

// -- how much room it takes, about: at least the batches'

std::size_t room(const auto&) { return 0; }

std::size_t room(const enqueue& x) {
  auto sum = std::size_t{0};
  for (const auto& y : x.what)
    sum += 64 + y.publisher.size() + 8 * y.sequences.size()
           + y.messages->bytes().size();
  return sum;
}

std::size_t room(const deliver& x) {
  auto sum = std::size_t{0};
  for (const auto& y : x.runs) sum += 64 + y.bytes() + 4 * y.count;
  return sum;
}

template <class... Kinds>
std::size_t room(const std::variant<Kinds...>& what) {
  return std::visit([](const auto& x) { return room(x); }, what);
}

template <class Frame>
std::string encode_frame(const Frame& frame, std::string_view before) {
  auto out = std::string{};
  out.reserve(before.size() + frame.queue.size() + 256 + room(frame.what));
  out.append(before);
  auto to = writer{out};
  fields(to, frame);
  return out;
}

template <class Frame>
result<Frame> decode_frame(std::string_view bytes) {
  auto made = Frame{};
  auto from = reader{bytes};
  fields(from, made);
  if (from.is_done()) return made;
  return error{
    errc::corrupt, "a message between a gateway and a shard does not fit its "
                   "length"};
}

} // namespace

std::string encode(const shard_frame& frame, std::string_view before) {
  return encode_frame(frame, before);
}

std::string encode(const reply_frame& frame, std::string_view before) {
  return encode_frame(frame, before);
}

std::optional<frame_head> read_head(std::string_view bytes) {
  auto from = byte_reader{bytes};
  auto made = frame_head{};
  made.queue = from.take_text();
  made.group = group_id{from.take<std::uint8_t>()};
  made.session = from.take<std::uint64_t>();
  if (!from.ok()) return std::nullopt;
  return made;
}

result<shard_frame> decode_shard_frame(std::string_view bytes) {
  return decode_frame<shard_frame>(bytes);
}

result<reply_frame> decode_reply_frame(std::string_view bytes) {
  return decode_frame<reply_frame>(bytes);
}

} // namespace troupe::gateway
