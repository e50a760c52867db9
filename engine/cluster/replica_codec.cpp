#include "engine/cluster/replica_codec.hpp"

#include "engine/base/bytes.hpp"

#include <concepts>

namespace troupe::cluster {

namespace {

// -- what is sent of each struct, in order: one walk for both directions

template <class T, class Of>
concept same_but_const = std::same_as<std::remove_const_t<T>, Of>;

template <class Visitor, same_but_const<log_mark> T>
void fields(Visitor& visit, T& x) {
  visit(x.epoch, x.index);
}

template <class Visitor, same_but_const<follower_state> T>
void fields(Visitor& visit, T& x) {
  visit(x.store.high, x.store.low, x.is_unchecked, x.has_space);
}

template <class Visitor, same_but_const<append> T>
void fields(Visitor& visit, T& x) {
  visit(x.epoch, x.revision, x.previous, x.entries_epoch, x.count);
  visit(x.committed, x.trim_to, x.sent_at);
}

template <class Visitor, same_but_const<ack> T>
void fields(Visitor& visit, T& x) {
  visit(x.epoch, x.match, x.sent_at, x.state);
}

template <class Visitor, same_but_const<reject> T>
void fields(Visitor& visit, T& x) {
  visit(x.epoch, x.previous, x.hint, x.sent_at, x.state);
}

template <class Visitor, same_but_const<release> T>
void fields(Visitor& visit, T& x) {
  visit(x.epoch);
}

template <class Visitor, same_but_const<chunk> T>
void fields(Visitor& visit, T& x) {
  visit(x.epoch, x.revision, x.at, x.number, x.sent_at, x.is_last);
}

template <class Visitor, same_but_const<chunk_ack> T>
void fields(Visitor& visit, T& x) {
  visit(x.epoch, x.at, x.wanted, x.sent_at, x.state);
}

template <class Visitor, same_but_const<full_append> T>
void fields(Visitor& visit, T& x) {
  visit(x.head);
  visit.entries(x.entries, x.head.count);
}

template <class Visitor, same_but_const<full_chunk> T>
void fields(Visitor& visit, T& x) {
  visit(x.head, x.bytes);
}

template <class Visitor, same_but_const<log_sums> T>
void fields(Visitor& visit, T& x) {
  visit(x.epoch, x.from, x.last, x.first, x.sums);
}

class writer {
public:
  explicit writer(std::string& out) : out_{out} {}

  template <class... Fields>
  void operator()(const Fields&... values) {
    (write(values), ...);
  }

  void entries(const std::vector<std::string_view>& all, std::uint32_t) {
    for (auto x : all) put_text(out_, x);
  }

private:
  template <std::integral T>
  void write(T value) {
    put(out_, static_cast<std::make_unsigned_t<T>>(value));
  }
  void write(bool yes) { put(out_, std::uint8_t{yes}); }
  void write(local_time at) { write(at.time_since_epoch().count()); }
  void write(std::string_view text) { put_text(out_, text); }

  template <class T>
  requires requires(writer& v, const T& x) { fields(v, x); }
  void write(const T& value) { fields(*this, value); }

  std::string& out_;
};

class reader {
public:
  explicit reader(std::string_view bytes) : in_{bytes} {}

  template <class... Fields>
  void operator()(Fields&... values) {
    (read(values), ...);
  }

  /// Reserves nothing: the count is a stranger's until its entries are there.
  void entries(std::vector<std::string_view>& all, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i)
      all.push_back(in_.take_text());
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
  void read(local_time& at) {
    auto count = local_span::rep{};
    read(count);
    at = local_time{local_span{count}};
  }
  void read(std::string_view& text) { text = in_.take_text(); }

  template <class T>
  requires requires(reader& v, T& x) { fields(v, x); }
  void read(T& value) { fields(*this, value); }

  byte_reader in_;
};

/// Makes the message of a kind, the place in `replica_message`; nothing where
/// there is none.
template <std::size_t I = 0>
bool make(replica_message& what, std::size_t kind) {
  if constexpr (I < std::variant_size_v<replica_message>) {
    if (kind != I) return make<I + 1>(what, kind);
    what.emplace<I>();
    return true;
  }
  return false;
}

} // namespace

std::string encode(const group_message& message) {
  auto out = std::string{};
  put(out, static_cast<std::uint8_t>(message.group));
  put(out, static_cast<std::uint8_t>(message.what.index()));
  auto to = writer{out};
  std::visit([&](const auto& x) { fields(to, x); }, message.what);
  return out;
}

result<group_message> decode_group_message(std::string_view bytes) {
  auto wrong =
    error{errc::corrupt, "a replica's message does not fit its length"};
  if (bytes.size() < 2) return wrong;
  auto made = group_message{};
  made.group = group_id{static_cast<std::uint8_t>(bytes[0])};
  if (!make(made.what, static_cast<std::uint8_t>(bytes[1]))) return wrong;
  auto from = reader{bytes.substr(2)};
  std::visit([&](auto& x) { fields(from, x); }, made.what);
  if (!from.is_done()) return wrong;
  return made;
}

} // namespace troupe::cluster
