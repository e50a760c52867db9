#include "engine/store/verify.hpp"

#include "engine/store/database_options.hpp"
#include "engine/store/entry_codec.hpp"
#include "engine/store/group_reader.hpp"
#include "engine/store/log_store_parts.hpp"

#include <rocksdb/sst_file_reader.h>

#include <algorithm>

namespace troupe {

namespace {

constexpr std::size_t most_broken = 1000;

class verification {
public:
  verification(
    const database& in,
    const store_options& options,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress);

  verify_report run();

private:
  void check_tables();
  log_index installing(std::size_t group);
  void check_log(group_id group, log_index last);
  void check_entry(log_place place, std::string value, log_index last);
  bool pass_damage(group_reader& reader, log_place& from, log_index last);
  void check_values(rocksdb::ColumnFamilyHandle* family);
  void check_state(const rocksdb::Slice& key, std::string_view value);
  void check_piece(const rocksdb::Slice& key, std::string_view value);
  void check_queue(const rocksdb::Slice& key, std::string_view value);

  void found_broken(std::string what);
  void advance(std::uint64_t bytes);

  const database& in_;
  store_options options_;
  const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
  std::vector<rocksdb::LiveFileMetaData> tables_;
  std::uint64_t total_ = 0;
  std::uint64_t done_ = 0;
  verify_report report_;
};

verification::verification(
  const database& in,
  const store_options& options,
  const std::function<void(std::uint64_t, std::uint64_t)>& progress)
  : in_{in}, options_{options}, progress_{progress} {
  in_.db->GetLiveFilesMetaData(&tables_);
  for (const auto& x : tables_) total_ += 2 * x.size;
  auto failed = std::error_code{};
  auto files = std::filesystem::directory_iterator{options.folder, failed};
  for (; !failed && files != std::filesystem::directory_iterator{};
       files.increment(failed)) {
    auto kind = files->path().extension();
    auto gone = std::error_code{};
    if (kind == ".blob" || kind == ".log") total_ += files->file_size(gone);
  }
}

/// The last entry that a checkpoint may have put in a group's log already,
/// where whoever opens the store next is to finish that.
log_index verification::installing(std::size_t group) {
  auto kept = kept_in(in_, group_id{static_cast<std::uint8_t>(group)});
  if (!kept) found_broken(kept.error().detail);
  return kept && *kept ? (*kept)->last_put : 0;
}

verify_report verification::run() {
  check_tables();
  if (auto last = stored_last_indexes(in_); !last)
    found_broken(last.error().detail);
  else
    for (std::size_t i = 0; i < last->size(); ++i)
      check_log(
        group_id{static_cast<std::uint8_t>(i)},
        std::max((*last)[i], installing(i)));
  check_values(in_.state);
  check_values(in_.topology);
  check_values(in_.meta);
  if (in_.pieces) check_values(in_.pieces);
  progress_(total_, total_);
  return std::move(report_);
}

void verification::found_broken(std::string what) {
  if (report_.broken.size() + 1 < most_broken)
    report_.broken.push_back(std::move(what));
  else if (report_.broken.size() < most_broken)
    report_.broken.push_back("and more than can be listed");
}

void verification::advance(std::uint64_t bytes) {
  done_ = std::min(done_ + bytes, total_);
  progress_(done_, total_);
}

/// Checks RocksDB's own checksums, table by table, so that one that is broken
/// does not hide the next.
void verification::check_tables() {
  for (const auto& table : tables_) {
    auto reader = rocksdb::SstFileReader{rocksdb::Options{
      database_options(options_),
      family_options(table.column_family_name, options_)}};
    auto status = reader.Open(table.db_path + table.name);
    if (status.ok()) status = reader.VerifyChecksum();
    if (!status.ok())
      found_broken(
        "table file " + table.db_path + table.name + ": " + status.ToString());
    report_.bytes += table.size;
    advance(table.size);
  }
}

// -- logs

void verification::check_log(group_id group, log_index last) {
  auto from = log_place{group, 1};
  auto reader = group_reader{in_, group, from.index};
  do {
    for (; reader.is_at_entry(); reader.next()) {
      auto place = reader.place();
      if (!place) {
        found_broken(
          "a key behind " + place_text(from) + " is none of the log");
        continue;
      }
      check_entry(*place, reader.value(), last);
      from.index = place->index + 1;
    }
  } while (pass_damage(reader, from, last));
}

void verification::check_entry(
  log_place place, std::string value, log_index last) {
  ++report_.entries;
  report_.bytes += value.size();
  advance(value.size());
  if (place.index > last)
    found_broken(
      place_text(place) + " is behind the last one given, "
      + std::to_string(last));
  if (is_noop(value) && unseal(std::string_view{value})) return;
  if (auto entry = decode(std::move(value)); !entry)
    found_broken(place_text(place) + ": " + entry.error().detail);
}

/// Names what stopped the walk at `from` and moves behind it. Returns false
/// at the end.
bool verification::pass_damage(
  group_reader& reader, log_place& from, log_index last) {
  auto status = reader.status();
  if (status.ok()) return false;
  auto index = first_unreadable(in_, from, last);
  if (!index || report_.broken.size() >= most_broken) {
    found_broken("what follows " + place_text(from) + ": " + status.ToString());
    return false;
  }
  ++report_.entries;
  found_broken(place_text({from.group, *index}) + ": " + status.ToString());
  from.index = *index + 1;
  reader.seek(from.index);
  return true;
}

// -- the rest

void verification::check_values(rocksdb::ColumnFamilyHandle* family) {
  auto options = rocksdb::ReadOptions{};
  options.fill_cache = false;
  auto values =
    std::unique_ptr<rocksdb::Iterator>{in_.db->NewIterator(options, family)};
  for (values->SeekToFirst(); values->Valid(); values->Next()) {
    auto value = values->value().ToStringView();
    ++report_.values;
    report_.bytes += value.size();
    advance(value.size());
    if (family == in_.state)
      check_state(values->key(), value);
    else if (family == in_.topology)
      check_queue(values->key(), value);
    else if (family == in_.pieces)
      check_piece(values->key(), value);
    else if (auto sound = unseal(value); !sound)
      found_broken(
        "meta value " + values->key().ToString() + ": " + sound.error().detail);
  }
  if (auto status = values->status(); !status.ok())
    found_broken(
      "the values of '" + family->GetName()
      + "' cannot be read to the end: " + status.ToString());
}

void verification::check_state(
  const rocksdb::Slice& key, std::string_view value) {
  auto place = parse_state_key(key.ToStringView());
  auto sound = unseal(value);
  if (!place)
    found_broken("a key of the state cannot be read");
  else if (!sound)
    found_broken(
      "state '" + std::string{place->name} + "' of handler '"
      + std::string{place->handler} + "' under '" + std::string{place->scope}
      + "': " + sound.error().detail);
}

void verification::check_piece(
  const rocksdb::Slice& key, std::string_view value) {
  auto read = decode_piece(value);
  if (read && piece_key(read->head.of.group, read->head.number) == key) return;
  found_broken(
    "a piece of a checkpoint that is kept aside: "
    + (read ? "it is not the one its key names" : read.error().detail));
}

void verification::check_queue(
  const rocksdb::Slice& key, std::string_view value) {
  if (auto record = decode_queue_record(value); !record)
    found_broken("queue '" + key.ToString() + "': " + record.error().detail);
}

} // namespace

result<verify_report> verify(
  const store_options& options,
  const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  auto looking = options;
  looking.read_only = true;
  auto opened = database::open(looking);
  if (!opened) return opened.error();
  return verification{**opened, looking, progress}.run();
}

} // namespace troupe
