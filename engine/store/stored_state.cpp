#include "engine/store/log_store_parts.hpp"

// log_store: the handlers' state.

namespace troupe {

namespace {

error broken(const state_place& place, const std::string& how) {
  return {
    errc::corrupt, "the state '" + std::string{place.name} + "' of handler '"
                     + std::string{place.handler} + "' under '"
                     + std::string{place.scope} + "' is damaged: " + how
                     + "; `troupe storage verify` lists all that is"};
}

/// Returns the group that the walk goes on with, or 256 at the end. Moves the
/// walk to the first key of `handler` in a group from `group` on.
unsigned seek_handler(
  rocksdb::Iterator& keys, unsigned group, std::string_view handler) {
  while (group < 256) {
    auto prefix =
      state_prefix(group_id{static_cast<std::uint8_t>(group)}, handler);
    keys.Seek(prefix);
    if (!keys.Valid()) return 256;
    if (keys.key().starts_with(prefix)) return group;
    // Groups without any key are passed over at once.
    group =
      std::max(group + 1, unsigned{static_cast<unsigned char>(keys.key()[0])});
  }
  return 256;
}

using state_visit =
  std::function<bool(std::string_view, std::string_view, std::string_view)>;

/// Shows what has a prefix, from where the walk is, for as long as it is
/// wanted.
error show(
  rocksdb::Iterator& keys,
  std::string_view prefix,
  std::string_view handler,
  const state_visit& visit) {
  for (; keys.Valid() && keys.key().starts_with(prefix); keys.Next()) {
    auto place = parse_state_key(keys.key().ToStringView());
    if (!place) return broken({{}, handler, {}, {}}, "its key cannot be read");
    auto value = unseal(keys.value().ToStringView());
    if (!value) return broken(*place, value.error().detail);
    if (!visit(place->scope, place->name, *value)) return {};
  }
  return {};
}

error unreadable(const rocksdb::Status& status, std::string_view handler) {
  return to_error(
    status, "cannot read the state of handler '" + std::string{handler} + "'");
}

} // namespace

result<std::optional<std::string>> log_store::state(
  group_id group,
  std::string_view handler,
  std::string_view scope,
  std::string_view name) const {
  const auto& db = *parts_->db;
  auto stored = value_of(db, db.state, state_key(group, handler, scope, name));
  if (!stored) return parts_->counted(stored.error());
  if (!*stored) return std::optional<std::string>{};
  auto value = unseal(**stored);
  if (!value)
    return parts_->counted(
      broken({group, handler, scope, name}, value.error().detail));
  return std::optional{std::string{*value}};
}

result<void> log_store::scan_state(
  std::string_view handler,
  const std::function<
    void(std::string_view, std::string_view, std::string_view)>& visit) const {
  const auto& db = *parts_->db;
  auto keys = std::unique_ptr<rocksdb::Iterator>{
    db.db->NewIterator(rocksdb::ReadOptions{}, db.state)};
  auto all = [&](auto scope, auto name, auto value) {
    visit(scope, name, value);
    return true;
  };
  auto group = seek_handler(*keys, 0, handler);
  while (group < 256) {
    auto prefix =
      state_prefix(group_id{static_cast<std::uint8_t>(group)}, handler);
    auto fault = show(*keys, prefix, handler, all);
    if (fault.code != errc::none) return parts_->counted(fault);
    if (!keys->Valid()) break;
    group = seek_handler(*keys, group + 1, handler);
  }
  if (auto status = keys->status(); !status.ok())
    return parts_->counted(unreadable(status, handler));
  return {};
}

result<void> log_store::scan_state(
  group_id group,
  std::string_view handler,
  const std::optional<state_cursor>& after,
  const state_visit& visit) const {
  const auto& db = *parts_->db;
  auto keys = std::unique_ptr<rocksdb::Iterator>{
    db.db->NewIterator(rocksdb::ReadOptions{}, db.state)};
  auto from = after ? state_key(group, handler, after->scope, after->name)
                    : state_prefix(group, handler);
  keys->Seek(from);
  if (after && keys->Valid() && keys->key() == from) keys->Next();
  auto fault = show(*keys, state_prefix(group, handler), handler, visit);
  if (fault.code != errc::none) return parts_->counted(fault);
  if (auto status = keys->status(); !status.ok())
    return parts_->counted(unreadable(status, handler));
  return {};
}

} // namespace troupe
