#include "engine/store/checkpoint_piece.hpp"

#include "engine/base/bytes.hpp"
#include "engine/base/crc32c.hpp"
#include "engine/store/entry_codec.hpp"
#include "engine/store/replica_mark.hpp"

#include <cstring>

namespace troupe {

namespace {

constexpr std::size_t is_last_at = crc32c_bytes + 1 + 4 * sizeof(std::uint64_t);

error damaged(const std::string& how) {
  return {errc::corrupt, "a piece of a checkpoint is damaged: " + how};
}

piece_head take_head(byte_reader& in) {
  auto made = piece_head{};
  made.of.group = group_id{in.take<std::uint8_t>()};
  made.of.epoch = in.take<std::uint64_t>();
  made.of.index = in.take<std::uint64_t>();
  made.of.view = in.take<std::uint64_t>();
  made.number = in.take<std::uint64_t>();
  auto is_last = in.take<std::uint8_t>();
  if (is_last > 1) in.fail();
  made.is_last = is_last == 1;
  return made;
}

piece_item take_item(byte_reader& in) {
  auto made = piece_item{};
  made.kind = piece_item_kind{in.take<std::uint8_t>()};
  switch (made.kind) {
    case piece_item_kind::applied: break;
    case piece_item_kind::entry: made.index = in.take<std::uint64_t>(); break;
    case piece_item_kind::state: made.key = in.take_text(); break;
    default: in.fail();
  }
  made.value = in.take_text();
  return made;
}

/// True where an item may stand behind those before it.
bool is_in_place(const checkpoint_piece& in, const piece_item& x) {
  auto is_first = in.items.empty();
  if (x.kind == piece_item_kind::applied)
    return is_first && in.head.number == 0;
  if (is_first) {
    if (in.head.number == 0) return false;
  } else if (x.kind < in.items.back().kind)
    return false;
  if (x.kind == piece_item_kind::state)
    return is_first || in.items.back().key < x.key
           || in.items.back().kind != x.kind;
  auto before = is_first ? 0 : in.items.back().index;
  return x.index > before && x.index <= in.head.of.index;
}

bool is_sound(const piece_item& x) {
  if (x.kind == piece_item_kind::applied)
    return decode_applied_mark(x.value).has_value();
  return unseal(x.value).has_value();
}

} // namespace

piece_writer::piece_writer(const checkpoint_id& of, std::uint64_t number) {
  put(out_, std::uint32_t{0}); // the checksum, later
  put(out_, static_cast<std::uint8_t>(of.group));
  put(out_, of.epoch);
  put(out_, of.index);
  put(out_, of.view);
  put(out_, number);
  put(out_, std::uint8_t{0}); // whether it is the last, later
}

void piece_writer::add(const piece_item& item) {
  is_empty_ = false;
  put(out_, static_cast<std::uint8_t>(item.kind));
  if (item.kind == piece_item_kind::entry) put(out_, item.index);
  if (item.kind == piece_item_kind::state) put_text(out_, item.key);
  put_text(out_, item.value);
}

std::string piece_writer::finish(bool is_last) {
  out_[is_last_at] = static_cast<char>(is_last);
  auto sum = crc32c(std::string_view{out_}.substr(crc32c_bytes));
  std::memcpy(out_.data(), &sum, sizeof sum);
  return std::move(out_);
}

result<checkpoint_piece> decode_piece(std::string_view bytes) {
  auto unsealed = unseal(bytes);
  if (!unsealed) return damaged(unsealed.error().detail);
  auto in = byte_reader{*unsealed};
  auto made = checkpoint_piece{};
  made.head = take_head(in);
  while (in.ok() && !in.at_end()) {
    auto item = take_item(in);
    if (!in.ok() || !is_in_place(made, item)) in.fail();
    if (in.ok() && !is_sound(item))
      return damaged("a value's checksum does not fit");
    made.items.push_back(item);
  }
  if (!in.ok() || made.items.empty())
    return damaged("its items do not fit its head or its length");
  return made;
}

} // namespace troupe
