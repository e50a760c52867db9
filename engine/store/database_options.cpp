#include "engine/store/database_options.hpp"

#include "engine/base/ids.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/table_properties.h>

#include <algorithm>

namespace troupe {

namespace {

constexpr std::uint64_t kibi = 1024;
constexpr std::uint64_t mebi = 1024 * kibi;

/// Writes nothing: a store that is only looked at gets no log file either.
class silent_logger final : public rocksdb::Logger {
public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

/// Asks for the compaction of table files that are mostly single deletes, so
/// that neither the space nor the scans of others wait for the file to fill.
/// (RocksDB's own collector counts plain deletes alone.)
class erasure_collector final : public rocksdb::TablePropertiesCollector {
public:
  rocksdb::Status AddUserKey(
    const rocksdb::Slice&,
    const rocksdb::Slice&,
    rocksdb::EntryType type,
    rocksdb::SequenceNumber,
    std::uint64_t) override {
    ++entries_;
    if (type == rocksdb::kEntrySingleDelete) ++erasures_;
    return rocksdb::Status::OK();
  }

  rocksdb::Status Finish(rocksdb::UserCollectedProperties*) override {
    return rocksdb::Status::OK();
  }

  rocksdb::UserCollectedProperties GetReadableProperties() const override {
    return {};
  }

  bool NeedCompact() const override {
    return erasures_ >= 128 && erasures_ * 2 >= entries_;
  }

  const char* Name() const override { return "erasures"; }

private:
  std::uint64_t entries_ = 0;
  std::uint64_t erasures_ = 0;
};

class erasure_collector_factory final
  : public rocksdb::TablePropertiesCollectorFactory {
public:
  // RocksDB deletes what this returns.
  rocksdb::TablePropertiesCollector*
  CreateTablePropertiesCollector(Context) override {
    return new erasure_collector;
  }

  const char* Name() const override { return "erasures"; }
};

rocksdb::CompressionType compression() {
  auto known = rocksdb::GetSupportedCompressions();
  auto lz4 = std::find(known.begin(), known.end(), rocksdb::kLZ4Compression);
  return lz4 == known.end() ? rocksdb::kNoCompression
                            : rocksdb::kLZ4Compression;
}

/// Bodies go to blob files: compaction then moves their places alone.
void keep_bodies_apart(rocksdb::ColumnFamilyOptions& to) {
  to.enable_blob_files = true;
  to.min_blob_size = 4 * kibi;
  to.blob_file_size = 64 * mebi;
  to.blob_compression_type = compression();
  to.enable_blob_garbage_collection = true;
  to.blob_garbage_collection_age_cutoff = 0.5;
  to.blob_garbage_collection_force_threshold = 0.5;
}

} // namespace

rocksdb::DBOptions database_options(const store_options& options) {
  auto made = rocksdb::DBOptions{};
  made.create_if_missing = !options.read_only;
  made.create_missing_column_families = !options.read_only;
  // Any other mode, or recycled files, drops what was synced behind a damaged
  // byte without a word.
  made.wal_recovery_mode =
    rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  made.recycle_log_file_num = 0;
  made.track_and_verify_wals_in_manifest = true;
  made.paranoid_checks = true;
  made.max_total_wal_size =
    std::max<std::uint64_t>(2 * options.write_buffer_bytes, 4 * mebi);
  made.max_background_jobs = 2;
  made.bytes_per_sync = mebi;
  made.max_open_files = 256;
  made.keep_log_file_num = 2;
  made.max_log_file_size = mebi;
  made.info_log_level = rocksdb::WARN_LEVEL;
  made.stats_dump_period_sec = 0;
  made.stats_persist_period_sec = 0;
  if (options.read_only) made.info_log = std::make_shared<silent_logger>();
  return made;
}

rocksdb::ColumnFamilyOptions
family_options(const std::string& name, const store_options& options) {
  auto made = rocksdb::ColumnFamilyOptions{};
  auto table = rocksdb::BlockBasedTableOptions{};
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  if (name == "log" || name == "state")
    table.block_cache = rocksdb::NewLRUCache(options.cache_bytes / 2);
  else
    table.block_cache = rocksdb::NewLRUCache(mebi);
  made.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  made.compression = compression();
  made.max_write_buffer_number = 2;
  made.write_buffer_size = name == "log" ? options.write_buffer_bytes
                                         : options.write_buffer_bytes / 16;
  if (name != "log") return made;
  keep_bodies_apart(made);
  // Each group appends behind its own last entry: start looking there.
  made.memtable_insert_with_hint_prefix_extractor.reset(
    rocksdb::NewFixedPrefixTransform(sizeof(group_id)));
  made.table_properties_collector_factories.push_back(
    std::make_shared<erasure_collector_factory>());
  return made;
}

} // namespace troupe
