#include "engine/store/log_store_parts.hpp"

#include <rocksdb/write_batch.h>

#include <array>
#include <map>

// log_store: what changes logs and state.

namespace troupe {

namespace {

using given_indexes = std::map<group_id, log_index>;

/// Where logs are cut, and their last index until then.
using cut_logs = std::vector<std::pair<log_place, log_index>>;

// What a write batch adds to a key and a value, about.
constexpr std::size_t record_bytes = 32;

std::size_t size_of(const commit_request& request) {
  auto bytes = request.erases.size() * record_bytes;
  for (const auto& x : request.pieces) bytes += x.size() + record_bytes;
  for (const auto& x : request.appends) bytes += x.entry.size() + record_bytes;
  for (const auto& [group, x] : request.changes)
    bytes += x.handler.size() + x.scope.size() + x.name.size()
             + (x.value ? x.value->size() : 0) + record_bytes;
  return bytes;
}

rocksdb::Status put_entry(
  rocksdb::WriteBatch& to,
  const database& in,
  log_place place,
  const encoded_entry& entry) {
  auto key = log_key(place);
  auto key_slice = to_slice(key);
  auto value = std::array{
    to_slice(entry.head),
    to_slice(entry.body ? entry.body->bytes() : std::string_view{})};
  return to.Put(
    in.log, rocksdb::SliceParts{&key_slice, 1},
    rocksdb::SliceParts{value.data(), static_cast<int>(value.size())});
}

rocksdb::Status put_state(
  rocksdb::WriteBatch& to, const database& in, const state_write& write) {
  const auto& x = write.change;
  auto key = state_key(write.group, x.handler, x.scope, x.name);
  if (!x.value) return to.Delete(in.state, key);
  return to.Put(in.state, key, seal(*x.value));
}

rocksdb::Status put_index(
  rocksdb::WriteBatch& to,
  const database& in,
  const std::string& key,
  log_index index) {
  auto value = std::string{};
  put(value, index);
  return to.Put(in.meta, key, seal(value));
}

/// Erases all that is in a column family under a prefix, key by key: a range
/// must not meet the log's single deletes.
template <class Erase>
rocksdb::Status erase_under(
  const database& in,
  rocksdb::ColumnFamilyHandle* family,
  const std::string& prefix,
  Erase erase) {
  auto found =
    std::unique_ptr<rocksdb::Iterator>{in.db->NewIterator({}, family)};
  auto status = rocksdb::Status{};
  for (found->Seek(prefix);
       status.ok() && found->Valid() && found->key().starts_with(prefix);
       found->Next())
    status = erase(found->key());
  return status.ok() ? found->status() : status;
}

rocksdb::Status
put_drop(rocksdb::WriteBatch& to, const database& in, group_id group) {
  auto status =
    erase_under(in, in.log, group_key(group), [&](const rocksdb::Slice& key) {
      return to.SingleDelete(in.log, key);
    });
  if (status.ok())
    status = erase_under(
      in, in.state, group_key(group),
      [&](const rocksdb::Slice& key) { return to.Delete(in.state, key); });
  if (status.ok()) status = to.Delete(in.meta, meta_key::replica(group));
  if (status.ok()) status = to.Delete(in.meta, meta_key::applied(group));
  if (status.ok()) status = put_piece_drop(to, in, group);
  return status;
}

/// Fills the batch; returns the first part that RocksDB does not take.
rocksdb::Status fill(
  rocksdb::WriteBatch& to,
  const database& in,
  const commit_request& request,
  const std::vector<log_index>& indexes,
  const given_indexes& given,
  const cut_logs& cut) {
  auto status = rocksdb::Status{};
  auto keep = [&](rocksdb::Status next) {
    if (status.ok()) status = std::move(next);
  };
  auto erase = [&](log_place place) {
    keep(to.SingleDelete(in.log, log_key(place)));
  };
  for (auto place : request.erases) erase(place);
  for (const auto& [place, last] : cut)
    for (auto index = place.index; index <= last; ++index)
      erase({place.group, index});
  for (auto group : request.drops) keep(put_drop(to, in, group));
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    const auto& x = request.appends[i];
    if (x.entry.size() > 0)
      keep(put_entry(to, in, {x.group, indexes[i]}, x.entry));
  }
  for (const auto& x : request.changes) keep(put_state(to, in, x));
  for (auto [group, last] : given)
    keep(put_index(to, in, meta_key::last_index(group), last));
  for (const auto& [group, mark] : request.marks)
    keep(to.Put(in.meta, meta_key::replica(group), encode(mark)));
  for (auto group : request.piece_drops) keep(put_piece_drop(to, in, group));
  for (const auto& [group, mark] : request.applied)
    keep(to.Put(in.meta, meta_key::applied(group), encode(mark)));
  return status;
}

} // namespace

result<void> log_store::parts::check(const commit_request& request) {
  if (options.read_only)
    return error{
      errc::refused, "the store in '" + options.folder.string()
                       + "' was opened to be read only; open it for writing"};
  for (auto place : request.erases)
    if (place.index == 0 || place.index > last(place.group))
      return error{
        errc::bad_input, "entry " + std::to_string(place.index) + " of "
                           + group_text(place.group)
                           + " cannot be erased: it was never stored"};
  for (auto place : request.truncations)
    if (place.index == 0 || place.index > last(place.group))
      return error{
        errc::bad_input, "the log of " + group_text(place.group)
                           + " cannot be cut where it has no entry"};
  auto is_more = request.appends.size() + request.erases.size()
                 + request.changes.size() + request.truncations.size()
                 + request.drops.size() + request.marks.size()
                 + request.applied.size() + request.pieces.size()
                 + request.piece_drops.size();
  if (!request.installs.empty() && is_more > 0)
    return error{
      errc::bad_input, "a checkpoint cannot be installed together with "
                       "anything else; commit it on its own"};
  return {};
}

result<void> log_store::parts::sync_earlier(bool is_wanted) {
  if (!is_wanted || is_synced) return {};
  auto status = db->db->SyncWAL();
  if (!status.ok()) return to_error(status, "cannot write to the store");
  is_synced = true;
  ++fsyncs;
  return {};
}

result<void>
log_store::parts::write(rocksdb::WriteBatch& batch, bool is_to_sync) {
  auto how = rocksdb::WriteOptions{};
  how.sync = is_to_sync;
  auto status = db->db->Write(how, &batch);
  if (!status.ok()) {
    auto failed = to_error(status, "cannot write to the store");
    failed.code = errc::storage_failed;
    return failed;
  }
  is_synced = is_to_sync;
  ++commits;
  if (is_to_sync) ++fsyncs;
  bytes_written += batch.GetDataSize();
  space.on_written(batch.GetDataSize());
  return {};
}

result<std::vector<log_index>>
log_store::commit(const commit_request& request) {
  if (auto fine = parts_->check(request); !fine) return fine.error();
  if (!request.installs.empty()) {
    if (auto done = parts_->install(request.installs); !done)
      return done.error();
    return std::vector<log_index>{};
  }
  auto given = given_indexes{};
  auto cut = cut_logs{};
  for (auto group : request.drops) given[group] = 0;
  for (auto place : request.truncations) {
    cut.emplace_back(place, last_index(place.group));
    given[place.group] = place.index - 1;
  }
  auto indexes = std::vector<log_index>{};
  indexes.reserve(request.appends.size());
  for (const auto& x : request.appends) {
    auto& last = given.try_emplace(x.group, last_index(x.group)).first->second;
    indexes.push_back(++last);
  }
  auto batch = rocksdb::WriteBatch{size_of(request)};
  auto filled = fill(batch, *parts_->db, request, indexes, given, cut);
  if (!filled.ok())
    return error{
      errc::bad_input,
      "a commit holds something too large to store: " + filled.ToString()};
  for (const auto& x : request.pieces)
    if (auto kept = parts_->keep_piece(batch, x); !kept) return kept.error();
  if (batch.Count() == 0) {
    if (auto done = parts_->sync_earlier(request.sync); !done)
      return done.error();
    return indexes;
  }
  if (auto done = parts_->write(batch, request.sync); !done)
    return done.error();
  for (auto [group, last] : given) {
    parts_->last(group) = last;
    if (last < parts_->first(group)) parts_->first(group) = 1;
  }
  for (auto place : request.erases)
    if (place.index == parts_->first(place.group))
      parts_->raise_first(place.group, place.index + 1);
  parts_->appended += indexes.size();
  parts_->erased += request.erases.size();
  return indexes;
}

result<void> log_store::flush() {
  if (parts_->options.read_only) return {};
  auto& in = *parts_->db;
  auto status = in.db->Flush(rocksdb::FlushOptions{}, in.families);
  if (!status.ok()) return to_error(status, "cannot write to the store");
  parts_->is_synced = true;
  return {};
}

} // namespace troupe
