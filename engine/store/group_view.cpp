#include "engine/store/group_view.hpp"

#include "engine/base/stable_hash.hpp"
#include "engine/store/entry_codec.hpp"
#include "engine/store/group_view_parts.hpp"
#include "engine/store/log_store_parts.hpp"

namespace troupe {

namespace {

/// Returns the first key behind a group's log up to `last`, or behind all of
/// its state; empty where every key is before it.
std::string end_of(const checkpoint_id& of, bool is_log) {
  if (is_log) return log_key({of.group, of.index + 1});
  auto group = static_cast<unsigned>(of.group);
  if (group == 255) return {};
  return group_key(group_id{static_cast<std::uint8_t>(group + 1)});
}

} // namespace

// -- walking

rocksdb::ReadOptions group_view::parts::reading() const {
  auto made = rocksdb::ReadOptions{};
  made.snapshot = snapshot;
  made.fill_cache = false;
  return made;
}

/// Adds items from a place on until the piece is full. Returns where the next
/// one begins, nothing at the end of the log or of the state.
result<std::optional<group_view::parts::place>>
group_view::parts::add_from(const place& from, piece_writer& to) {
  auto is_log = from.family == in.log;
  auto end_key = end_of(id, is_log);
  auto end = to_slice(end_key);
  auto options = reading();
  if (!end_key.empty()) options.iterate_upper_bound = &end;
  auto found = std::unique_ptr<rocksdb::Iterator>{
    in.db->NewIterator(options, from.family)};
  found->Seek(from.key);
  auto next = add_all(*found, is_log, to);
  if (next && !*next && !found->status().ok())
    return to_error(
      found->status(), "cannot read all of " + group_text(id.group));
  return next;
}

result<std::optional<group_view::parts::place>> group_view::parts::add_all(
  rocksdb::Iterator& from, bool is_log, piece_writer& to) {
  auto* family = is_log ? in.log : in.state;
  for (; from.Valid(); from.Next()) {
    if (!to.is_empty() && to.size() >= piece_bytes)
      return std::optional{place{family, from.key().ToString()}};
    auto item = item_of(from, is_log);
    if (!unseal(item.value)) {
      ++*checksum_errors;
      auto what = is_log ? "entry " + std::to_string(item.index) : "a state";
      return error{
        errc::corrupt, what + " of " + group_text(id.group)
                         + " is damaged; `troupe storage verify` lists all "
                           "that is"};
    }
    to.add(item);
  }
  return std::optional<place>{};
}

piece_item
group_view::parts::item_of(const rocksdb::Iterator& at, bool is_log) const {
  auto made = piece_item{};
  made.kind = is_log ? piece_item_kind::entry : piece_item_kind::state;
  made.value = at.value().ToStringView();
  auto key = at.key().ToStringView();
  if (!is_log)
    made.key = key.substr(sizeof(group_id));
  else if (auto found = parse_log_key(key))
    made.index = found->index;
  return made;
}

/// Cuts a piece whose beginning is known, and notes where the next begins.
result<std::string> group_view::parts::cut(std::uint64_t number) {
  auto made = piece_writer{id, number};
  if (number == 0) made.add({piece_item_kind::applied, 0, {}, applied});
  auto next = result<std::optional<place>>{begins[number]};
  while (true) {
    auto* family = (*next)->family;
    next = add_from(**next, made);
    if (!next) return next.error();
    if (*next && (*next)->family == family) break; // full
    if (family == in.state) break;                 // all
    *next = place{in.state, group_key(id.group)};
  }
  auto is_end = !*next;
  if (is_end) last = number;
  if (!is_end && begins.size() == number + 1) begins.push_back(**next);
  return made.finish(is_end);
}

// -- what is seen

group_view::group_view(std::unique_ptr<parts> all) : parts_{std::move(all)} {}

group_view::~group_view() = default;

const checkpoint_id& group_view::id() const { return parts_->id; }

result<std::string> group_view::piece(std::uint64_t number) {
  auto& all = *parts_;
  while (all.begins.size() <= number) {
    if (all.last)
      return error{
        errc::not_found, "the checkpoint of " + group_text(all.id.group)
                           + " has no piece " + std::to_string(number)};
    if (auto made = all.cut(all.begins.size() - 1); !made) return made.error();
  }
  return all.cut(number);
}

bool group_view::is_last(std::uint64_t number) const {
  return parts_->last == number;
}

// -- beginning

result<std::unique_ptr<group_view>> log_store::view(
  group_id group,
  std::uint64_t epoch,
  log_index up_to,
  std::size_t piece_bytes) const {
  const auto& db = *parts_->db;
  auto all = std::make_unique<group_view::parts>(db);
  auto read = [&](const std::string& key) {
    return value_of(db, db.meta, key, all->snapshot);
  };
  auto mark = read(meta_key::replica(group));
  if (!mark) return mark.error();
  auto base = log_index{0};
  if (*mark) {
    auto known = decode_replica_mark(**mark);
    if (!known) return parts_->counted(known.error());
    base = known->base;
  }
  if (base > up_to)
    return error{
      errc::not_found, "the log of " + group_text(group) + " is trimmed up to "
                         + std::to_string(base)
                         + "; begin a checkpoint at a later entry"};
  auto applied = read(meta_key::applied(group));
  if (!applied) return applied.error();
  all->applied = std::move(*applied).value_or(encode(applied_mark{}));
  if (!decode_applied_mark(all->applied))
    return parts_->counted(
      {errc::corrupt, "how far " + group_text(group)
                        + " is applied is damaged; `troupe storage verify` "
                          "lists all that is"});
  auto name = store_id_;
  put(name, parts_->drawn);
  put(name, all->snapshot->GetSequenceNumber());
  put(name, std::uint64_t{piece_bytes});
  all->id = {group, epoch, up_to, stable_hash(name)};
  all->piece_bytes = piece_bytes;
  all->checksum_errors = &parts_->checksum_errors;
  all->begins.push_back({db.log, group_key(group)});
  return std::make_unique<group_view>(std::move(all));
}

} // namespace troupe
