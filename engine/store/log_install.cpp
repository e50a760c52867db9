#include "engine/store/log_store_parts.hpp"

#include <rocksdb/convenience.h>

// log_store: checkpoints on their way in. Pieces are kept aside until all are
// there. Then they replace the log and the state, in steps that each are one
// write and say how far it is; whoever opens the store finishes what was begun.

namespace troupe {

namespace {

using stage = kept_checkpoint::stage_of;

// What one step erases at most.
constexpr std::size_t keys_a_step = 16 * 1024;

/// Behind all pieces of a group.
std::string pieces_end(group_id group) {
  return group_key(group) + std::string(sizeof(std::uint64_t) + 1, '\xff');
}

error not_written(const rocksdb::Status& status) {
  return to_error(status, "cannot write to the store");
}

/// True where the piece is the next of what is kept, or the one before again.
bool goes_on(const kept_checkpoint& kept, const piece_head& with) {
  auto is_same = kept.epoch == with.of.epoch && kept.index == with.of.index
                 && kept.view == with.of.view;
  return is_same && kept.stage == stage::receiving && with.number <= kept.next;
}

rocksdb::Status put_item(
  rocksdb::WriteBatch& to,
  const database& in,
  group_id group,
  const piece_item& x) {
  auto value = to_slice(x.value);
  if (x.kind == piece_item_kind::applied)
    return to.Put(in.meta, meta_key::applied(group), value);
  if (x.kind == piece_item_kind::entry)
    return to.Put(in.log, log_key({group, x.index}), value);
  return to.Put(in.state, group_key(group).append(x.key), value);
}

} // namespace

result<std::optional<kept_checkpoint>>
kept_in(const database& in, group_id group) {
  auto value = value_of(in, in.meta, meta_key::checkpoint(group));
  if (!value) return value.error();
  if (!*value) return std::optional<kept_checkpoint>{};
  auto read = decode_kept_checkpoint(**value);
  if (!read)
    return error{
      errc::corrupt,
      "what is kept of a checkpoint of " + group_text(group)
        + " is damaged; move the store aside to begin with an empty one"};
  return std::optional{std::move(*read)};
}

rocksdb::Status
put_piece_drop(rocksdb::WriteBatch& to, const database& in, group_id group) {
  auto status = to.Delete(in.meta, meta_key::checkpoint(group));
  if (!status.ok()) return status;
  return to.DeleteRange(in.pieces, group_key(group), pieces_end(group));
}

result<std::optional<partial_checkpoint>>
log_store::partial(group_id group) const {
  const auto& db = *parts_->db;
  auto kept = kept_in(db, group);
  if (!kept) return parts_->counted(kept.error());
  if (!*kept || (*kept)->next == 0 || !db.pieces)
    return std::optional<partial_checkpoint>{};
  const auto& x = **kept;
  auto value = value_of(db, db.pieces, piece_key(group, 0));
  if (!value) return value.error();
  auto bytes = std::move(*value).value_or("");
  auto first = decode_piece(std::string_view{bytes}); // views into them
  // What is damaged is as good as missing: it is sent again.
  auto of = checkpoint_id{group, x.epoch, x.index, x.view};
  if (!first || first->head != piece_head{of, 0, first->head.is_last})
    return std::optional<partial_checkpoint>{};
  auto applied = decode_applied_mark(first->items.at(0).value);
  if (!applied) return std::optional<partial_checkpoint>{};
  return std::optional{partial_checkpoint{of, x.next, std::move(*applied)}};
}

// -- keeping

result<void>
log_store::parts::keep_piece(rocksdb::WriteBatch& to, std::string_view piece) {
  auto read = decode_piece(piece);
  if (!read) return read.error();
  const auto& head = read->head;
  auto found = kept_in(*db, head.of.group);
  if (!found) return found.error();
  auto kept = std::move(*found).value_or(kept_checkpoint{});
  if (head.number == 0) {
    if (auto status = put_piece_drop(to, *db, head.of.group); !status.ok())
      return not_written(status);
    kept = {};
    kept.epoch = head.of.epoch;
    kept.index = head.of.index;
    kept.view = head.of.view;
  } else if (!goes_on(kept, head)) {
    return error{
      errc::bad_input, "piece " + std::to_string(head.number)
                         + " of a checkpoint of " + group_text(head.of.group)
                         + " does not follow what is kept; begin with piece 0"};
  }
  kept.next = std::max(kept.next, head.number + 1);
  kept.is_whole = kept.is_whole || head.is_last;
  auto key = piece_key(head.of.group, head.number);
  auto status = to.Put(db->pieces, key, to_slice(piece));
  if (status.ok())
    status =
      to.Put(db->meta, meta_key::checkpoint(head.of.group), encode(kept));
  if (!status.ok()) return not_written(status);
  return {};
}

// -- installing

/// Writes a step, together with how far it gets. False: there is more.
result<bool> log_store::parts::note_and_write(
  rocksdb::WriteBatch& batch, group_id group, const kept_checkpoint& kept) {
  auto status = batch.Put(db->meta, meta_key::checkpoint(group), encode(kept));
  if (!status.ok()) return not_written(status);
  // The order of writes is kept: the last one makes all of them last.
  auto is_to_sync = kept.stage == stage::erasing_log && kept.erased_to.empty();
  if (auto done = write(batch, is_to_sync); !done) return done.error();
  return false;
}

/// Erases keys one by one: a range must not meet the log's single deletes.
result<bool>
log_store::parts::erase_some(group_id group, kept_checkpoint kept) {
  auto is_log = kept.stage == stage::erasing_log;
  auto* family = is_log ? db->log : db->state;
  auto prefix = group_key(group);
  auto batch = rocksdb::WriteBatch{};
  auto found =
    std::unique_ptr<rocksdb::Iterator>{db->db->NewIterator({}, family)};
  found->Seek(kept.erased_to.empty() ? prefix : kept.erased_to);
  auto count = std::size_t{0};
  auto status = rocksdb::Status{};
  auto is_at_key = [&] {
    return found->Valid() && found->key().starts_with(prefix);
  };
  for (; status.ok() && is_at_key() && count < keys_a_step; ++count) {
    status = is_log ? batch.SingleDelete(family, found->key())
                    : batch.Delete(family, found->key());
    found->Next();
  }
  if (status.ok()) status = found->status();
  if (!status.ok())
    return to_error(status, "cannot erase " + group_text(group));
  if (is_at_key()) {
    kept.erased_to = found->key().ToString();
  } else {
    ++kept.stage;
    kept.erased_to.clear();
  }
  return note_and_write(batch, group, kept);
}

/// Puts the next piece in its place.
result<bool> log_store::parts::put_next(group_id group, kept_checkpoint kept) {
  auto value = value_of(*db, db->pieces, piece_key(group, kept.put_to));
  if (!value) return value.error();
  auto bytes = std::move(*value).value_or("");
  auto read = decode_piece(std::string_view{bytes});
  auto of = checkpoint_id{group, kept.epoch, kept.index, kept.view};
  auto is_last = kept.put_to + 1 == kept.next;
  auto is_sound = read && read->head == piece_head{of, kept.put_to, is_last};
  auto batch = rocksdb::WriteBatch{bytes.size() + bytes.size() / 4};
  for (std::size_t i = 0; is_sound && i < read->items.size(); ++i) {
    const auto& x = read->items[i];
    if (x.kind == piece_item_kind::entry) {
      // An entry put twice would come back once it is erased.
      is_sound = x.index > kept.last_put;
      kept.last_put = x.index;
    }
    if (auto status = put_item(batch, *db, group, x); !status.ok())
      return not_written(status);
  }
  if (!is_sound)
    return counted(
      {errc::corrupt, "a checkpoint of " + group_text(group)
                        + " is damaged in the store; move the store aside to "
                          "begin with an empty one"});
  if (++kept.put_to == kept.next) ++kept.stage;
  return note_and_write(batch, group, kept);
}

/// Makes the checkpoint the group's log, and forgets the pieces.
result<bool>
log_store::parts::close_install(group_id group, const kept_checkpoint& kept) {
  auto stored = value_of(*db, db->meta, meta_key::replica(group));
  if (!stored) return stored.error();
  auto mark = replica_mark{};
  if (*stored) {
    auto read = decode_replica_mark(**stored);
    if (!read) return counted(read.error());
    mark = std::move(*read);
  }
  mark.epoch = std::max(mark.epoch, kept.epoch);
  mark.base = kept.index;
  mark.base_epoch = kept.epoch;
  mark.runs.clear();
  mark.was_stopped_cleanly = false;
  auto index = std::string{};
  put(index, kept.index);
  auto batch = rocksdb::WriteBatch{};
  auto status = batch.Put(db->meta, meta_key::last_index(group), seal(index));
  if (status.ok())
    status = batch.Put(db->meta, meta_key::replica(group), encode(mark));
  if (status.ok()) status = put_piece_drop(batch, *db, group);
  if (!status.ok()) return not_written(status);
  if (auto done = write(batch, true); !done) return done.error();
  last(group) = kept.index;
  first(group) = 1;
  auto begin_key = group_key(group);
  auto end_key = pieces_end(group);
  auto begin = to_slice(begin_key);
  auto end = to_slice(end_key);
  // Frees the space early; what is left goes with compaction.
  (void)rocksdb::DeleteFilesInRange(db->db.get(), db->pieces, &begin, &end);
  return true;
}

result<bool> log_store::parts::install_next(group_id group) {
  auto found = kept_in(*db, group);
  if (!found) return counted(found.error());
  if (!*found || !(*found)->is_whole)
    return error{
      errc::bad_input, "no whole checkpoint of " + group_text(group)
                         + " is kept; store its pieces first"};
  auto kept = std::move(**found);
  switch (kept.stage) {
    case stage::receiving: {
      kept.stage = stage::erasing_log;
      auto batch = rocksdb::WriteBatch{};
      return note_and_write(batch, group, kept);
    }
    case stage::erasing_log:
    case stage::erasing_state: return erase_some(group, std::move(kept));
    case stage::putting: return put_next(group, std::move(kept));
    default: return close_install(group, kept);
  }
}

result<void> log_store::parts::install(const std::vector<install_step>& steps) {
  for (auto step : steps) {
    auto done = install_next(step.group);
    while (done && !*done && step.is_last) done = install_next(step.group);
    if (!done) return done.error();
  }
  return {};
}

result<void> log_store::parts::finish_installs() {
  if (options.read_only) return {};
  for (unsigned i = 0; i < last_index.size(); ++i) {
    auto group = group_id{static_cast<std::uint8_t>(i)};
    auto kept = kept_in(*db, group);
    if (!kept) return kept.error();
    if (!*kept || (*kept)->stage == stage::receiving) continue;
    if (auto done = install({{group, true}}); !done) return done.error();
  }
  return {};
}

} // namespace troupe
