#include "engine/store/log_store_parts.hpp"

#include <rocksdb/write_batch.h>

// log_store: the cluster it belongs to.

namespace troupe {

result<std::optional<store_membership>> log_store::membership() const {
  const auto& db = *parts_->db;
  auto value = value_of(db, db.meta, to_slice(meta_key::member_of));
  if (!value) return value.error();
  if (!*value) return std::optional<store_membership>{};
  auto read = decode_store_membership(**value);
  if (!read)
    return parts_->counted(
      {errc::corrupt,
       "the store's record of its cluster is damaged: " + read.error().detail
         + "; restore a copy of the store, or move it aside to "
           "begin with an empty one"});
  return std::optional{std::move(*read)};
}

result<void> log_store::set_membership(const store_membership& what) {
  if (auto fine = parts_->check({}); !fine) return fine.error();
  auto batch = rocksdb::WriteBatch{};
  auto status =
    batch.Put(parts_->db->meta, to_slice(meta_key::member_of), encode(what));
  if (!status.ok()) return to_error(status, "cannot write to the store");
  return parts_->write(batch, true);
}

} // namespace troupe
