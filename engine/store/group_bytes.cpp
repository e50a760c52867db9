#include "engine/store/log_store.hpp"
#include "engine/store/log_store_parts.hpp"

#include <algorithm>

namespace troupe {

namespace {

using family = rocksdb::ColumnFamilyHandle*;

/// Returns about how much is between two keys, without what is kept apart.
std::uint64_t
bytes_between(rocksdb::DB& db, family of, std::string from, std::string to) {
  auto range = rocksdb::Range{to_slice(from), to_slice(to)};
  auto how = rocksdb::SizeApproximationOptions{};
  how.include_memtables = true;
  how.include_files = true;
  auto size = std::uint64_t{0};
  auto status = db.GetApproximateSizes(how, of, &range, 1, &size);
  return status.ok() ? size : 0;
}

std::uint64_t property(rocksdb::DB& db, family of, const rocksdb::Slice& name) {
  auto value = std::uint64_t{0};
  return db.GetIntProperty(of, name, &value) ? value : 0;
}

/// Returns what a family keeps apart of large values. Nothing says of whom.
std::uint64_t bytes_apart(rocksdb::DB& db, family of) {
  auto all = property(db, of, rocksdb::DB::Properties::kLiveBlobFileSize);
  auto gone =
    property(db, of, rocksdb::DB::Properties::kLiveBlobFileGarbageSize);
  return all - std::min(all, gone);
}

} // namespace

std::uint64_t log_store::group_bytes(group_id group) const {
  const auto& in = *parts_->db;
  auto from = group_key(group);
  auto to = from;
  ++to.back(); // there are far fewer groups than a byte has values
  auto sum = std::uint64_t{0};
  for (auto* of : {in.log, in.state}) {
    auto here = bytes_between(*in.db, of, from, to);
    sum += here;
    // Of what is apart the group has as large a share as of the rest.
    auto all = bytes_between(*in.db, of, group_key(group_id{0}), "\xff");
    auto share =
      static_cast<double>(here) / static_cast<double>(std::max(all, here));
    if (here > 0)
      sum += static_cast<std::uint64_t>(
        share * static_cast<double>(bytes_apart(*in.db, of)));
  }
  return sum;
}

} // namespace troupe
