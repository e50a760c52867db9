#include "engine/store/log_store_parts.hpp"

// log_store: what replicas of a group ask of it.

namespace troupe {

namespace {

error damaged(group_id group, const std::string& what) {
  return {
    errc::corrupt,
    what + " of " + group_text(group)
      + " is damaged; `troupe storage verify` lists all that is"};
}

} // namespace

result<std::vector<log_store::raw_entry>> log_store::read_raw(
  group_id group, log_index from, log_index last, std::size_t most) const {
  auto all = std::vector<raw_entry>{};
  auto reader = group_reader{*parts_->db, group, from};
  auto bytes = std::size_t{0};
  for (auto index = from; index <= last; ++index) {
    if (!all.empty() && bytes >= most) return all;
    auto place = reader.is_at_entry() ? reader.place() : std::nullopt;
    auto& added = all.emplace_back();
    if (!place || place->index != index) continue; // erased
    added = reader.value();
    bytes += added.size();
    if (!unseal(std::string_view{added}))
      return parts_->counted(damaged(group, "entry " + std::to_string(index)));
    reader.next();
  }
  if (auto status = reader.status(); !status.ok())
    return parts_->counted(to_error(
      status, "cannot read entry " + std::to_string(from) + " of "
                + group_text(group)));
  return all;
}

result<std::optional<replica_mark>> log_store::mark(group_id group) const {
  const auto& db = *parts_->db;
  auto value = value_of(db, db.meta, meta_key::replica(group));
  if (!value) return value.error();
  if (!*value) return std::optional<replica_mark>{};
  auto read = decode_replica_mark(**value);
  if (!read) return parts_->counted(damaged(group, "the replica's mark"));
  return std::optional{std::move(*read)};
}

result<applied_mark> log_store::applied(group_id group) const {
  const auto& db = *parts_->db;
  auto value = value_of(db, db.meta, meta_key::applied(group));
  if (!value) return value.error();
  if (!*value) return applied_mark{};
  auto read = decode_applied_mark(**value);
  if (!read)
    return parts_->counted(damaged(group, "how far the log is applied"));
  return read;
}

} // namespace troupe
