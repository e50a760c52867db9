#include "engine/store/log_store_parts.hpp"

#include <rocksdb/write_batch.h>

// log_store: the queues' names.

namespace troupe {

namespace {

error broken(const std::string& name, const std::string& how) {
  return {
    errc::corrupt, "the record of queue '" + name + "' is damaged: " + how
                     + "; restore a copy of the store"};
}

result<queue_id> next_queue(const database& in) {
  auto stored = value_of(in, in.meta, to_slice(meta_key::next_queue));
  if (!stored) return stored.error();
  if (!*stored) return queue_id{1};
  auto value = unseal(**stored);
  if (!value || value->size() != sizeof(std::uint64_t))
    return error{
      errc::corrupt,
      "the next queue's id is damaged; restore a copy of the store"};
  return queue_id{load<std::uint64_t>(value->data())};
}

result<queue_record>
same_partitions(queue_record stored, std::uint16_t partitions) {
  if (stored.partitions == partitions) return stored;
  auto now = std::to_string(stored.partitions);
  return error{
    errc::bad_config,
    "queue '" + stored.name + "' is stored in " + now
      + " partitions, which cannot become " + std::to_string(partitions)
      + ": its keys would change places; set partitions = " + now
      + ", or give the new queue another name"};
}

} // namespace

result<queue_record>
log_store::define_queue(const std::string& name, std::uint16_t partitions) {
  if (name.empty() || partitions == 0 || partitions > 256)
    return error{
      errc::bad_input, "a queue needs a name and 1 to 256 partitions"};
  const auto& db = *parts_->db;
  auto stored = value_of(db, db.topology, name);
  if (!stored) return parts_->counted(stored.error());
  if (*stored) {
    auto known = decode_queue_record(**stored);
    if (!known) return parts_->counted(broken(name, known.error().detail));
    return same_partitions(std::move(*known), partitions);
  }
  if (auto fine = parts_->check({}); !fine) return fine.error();
  auto id = next_queue(db);
  if (!id) return parts_->counted(id.error());
  auto made = queue_record{name, *id, partitions};
  auto following = std::string{};
  put(following, static_cast<std::uint64_t>(*id) + 1);
  auto batch = rocksdb::WriteBatch{};
  batch.Put(db.topology, name, encode(made));
  batch.Put(db.meta, to_slice(meta_key::next_queue), seal(following));
  if (auto done = parts_->write(batch, true); !done) return done.error();
  return made;
}

result<void> log_store::drop_queue(const std::string& name) {
  if (auto fine = parts_->check({}); !fine) return fine.error();
  auto batch = rocksdb::WriteBatch{};
  batch.Delete(parts_->db->topology, name);
  return parts_->write(batch, true);
}

result<std::vector<queue_record>> log_store::queues() const {
  const auto& db = *parts_->db;
  auto found = std::vector<queue_record>{};
  auto names = std::unique_ptr<rocksdb::Iterator>{
    db.db->NewIterator(rocksdb::ReadOptions{}, db.topology)};
  for (names->SeekToFirst(); names->Valid(); names->Next()) {
    auto record = decode_queue_record(names->value().ToStringView());
    if (!record)
      return parts_->counted(
        broken(names->key().ToString(), record.error().detail));
    found.push_back(std::move(*record));
  }
  if (auto status = names->status(); !status.ok())
    return parts_->counted(to_error(status, "cannot read the queues' names"));
  return found;
}

} // namespace troupe
