#pragma once

#include "engine/store/checkpoint_piece.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace troupe {

/// What a store had of one group at one moment, up to an entry, cut into the
/// pieces of a checkpoint. A piece is the same whenever it is asked for.
///
/// One thread at a time uses it, any one; the store may be written meanwhile.
/// It ends before its store does. While it is there, the store keeps what is
/// erased, so it should not be there for long.
class group_view {
public:
  struct parts;
  explicit group_view(std::unique_ptr<parts> all);
  ~group_view();

  const checkpoint_id& id() const;

  /// Cuts a piece; those before it are walked over where they never were cut.
  /// Fails with `not_found` behind the last one, with `corrupt` where an entry
  /// or a value is damaged, and with `storage_failed`.
  result<std::string> piece(std::uint64_t number);

  /// True where a piece that was cut is the last one.
  bool is_last(std::uint64_t number) const;

private:
  std::unique_ptr<parts> parts_;
};

} // namespace troupe
