#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The pieces of a checkpoint, as docs/store_format.md has them.

namespace troupe {

/// Which checkpoint: all of a group up to an entry, as one view of one store
/// shows it. Pieces of different views do not fit together.
struct checkpoint_id {
  group_id group{};
  std::uint64_t epoch = 0; // of the entry
  log_index index = 0;
  std::uint64_t view = 0;
  bool operator==(const checkpoint_id&) const = default;
};

struct piece_head {
  checkpoint_id of;
  std::uint64_t number = 0; // from 0
  bool is_last = false;
  bool operator==(const piece_head&) const = default;
};

enum class piece_item_kind : std::uint8_t {
  applied = 1, // the value under `applied/`; first in piece 0, only there
  entry = 2,
  state = 3,
};

/// Something that is stored; the views are into the piece.
struct piece_item {
  piece_item_kind kind{};
  log_index index = 0;    // an entry's
  std::string_view key;   // of state, without the group
  std::string_view value; // as it is stored, with its checksum
  bool operator==(const piece_item&) const = default;
};

struct checkpoint_piece {
  piece_head head;
  std::vector<piece_item> items;
  bool operator==(const checkpoint_piece&) const = default;
};

/// Lays a piece out, item by item.
class piece_writer {
public:
  piece_writer(const checkpoint_id& of, std::uint64_t number);

  void add(const piece_item& item);
  std::size_t size() const { return out_.size(); }
  bool is_empty() const { return is_empty_; }

  /// Returns the piece. Ends the writer.
  std::string finish(bool is_last);

private:
  std::string out_;
  bool is_empty_ = true;
};

/// Reads a piece. Safe for any bytes: fails with `corrupt` where a checksum,
/// of the piece or of a value in it, does not fit, or where items are not what
/// the head says, or out of order.
result<checkpoint_piece> decode_piece(std::string_view bytes);
result<checkpoint_piece> decode_piece(std::string&& gone_too_soon) = delete;

} // namespace troupe
