#include "engine/store/database.hpp"

#include "engine/base/bytes.hpp"
#include "engine/store/database_options.hpp"
#include "engine/store/entry_codec.hpp"
#include "engine/store/store_keys.hpp"

#include <algorithm>
#include <array>
#include <unistd.h>

namespace troupe {

namespace {

using std::filesystem::path;

constexpr std::uint32_t known_format = 1;
constexpr auto known_families =
  std::array{std::string_view{"default"}, std::string_view{"log"},
             std::string_view{"state"},   std::string_view{"topology"},
             std::string_view{"meta"},    std::string_view{"pieces"}};
// Added later: a store may lack it until it is opened for writing.
constexpr auto added_family = std::string_view{"pieces"};

std::string quoted(const store_options& options) {
  return "the store in '" + options.folder.string() + "'";
}

error newer(const store_options& options) {
  return {
    errc::newer_format,
    quoted(options)
      + " was written by a later release of Troupe; run that release, or use "
        "another folder"};
}

error damaged(const store_options& options, const std::string& how) {
  return {
    errc::corrupt,
    quoted(options) + " is damaged: " + how
      + "; restore a copy of the folder, or move it aside to begin with an "
        "empty store"};
}

error cannot_open(const store_options& options, const rocksdb::Status& status) {
  using rocksdb::Status;
  auto text = status.ToString();
  if (status.IsIOError() && status.subcode() == Status::SubCode::kNoSpace)
    return {
      errc::storage_failed,
      "cannot open " + quoted(options) + ": " + text + "; free space there"};
  // A file that the database's own list names is not there.
  auto is_missing =
    status.IsPathNotFound() || text.find("No such file") != std::string::npos;
  if (!status.IsIOError() || is_missing) return damaged(options, text);
  return {
    errc::cannot_create, "cannot open " + quoted(options) + ": " + text
                           + "; check who owns the folder and its files"};
}

// -- the folder

/// True if a database's files lie there. Without its list of files RocksDB
/// would take the folder for a new one and clear them away.
bool has_orphans(const path& folder) {
  auto failed = std::error_code{};
  auto files = std::filesystem::directory_iterator{folder, failed};
  for (; !failed && files != std::filesystem::directory_iterator{};
       files.increment(failed)) {
    auto kind = files->path().extension();
    if (kind == ".sst" || kind == ".blob" || kind == ".log") return true;
  }
  return false;
}

bool is_there(const store_options& options) {
  auto failed = std::error_code{};
  return std::filesystem::exists(options.folder / "CURRENT", failed);
}

/// Makes the folder where it is missing. Leaves no trace where it fails.
result<void> prepare_folder(const store_options& options) {
  if (is_there(options)) return {};
  if (has_orphans(options.folder))
    return damaged(options, "its file CURRENT is missing");
  if (options.read_only)
    return error{
      errc::not_found, "there is no store in '" + options.folder.string()
                         + "'; check the folder's name"};
  auto failed = std::error_code{};
  std::filesystem::create_directories(options.folder, failed);
  if (!failed) return {};
  return error{
    errc::cannot_create, "cannot create the folder '" + options.folder.string()
                           + "': " + failed.message()
                           + "; name another one, or create it yourself"};
}

/// Returns the column families that are there, none for a new store.
result<std::vector<std::string>> stored_families(const store_options& options) {
  auto names = std::vector<std::string>{};
  if (!is_there(options)) return names;
  auto status = rocksdb::DB::ListColumnFamilies(
    database_options(options), options.folder.string(), &names);
  if (!status.ok()) return cannot_open(options, status);
  for (const auto& name : names)
    if (
      std::find(known_families.begin(), known_families.end(), name)
      == known_families.end())
      return newer(options);
  return names;
}

// -- opening

rocksdb::Status open_families(
  database& in,
  const store_options& options,
  const std::vector<std::string>& names) {
  auto wanted = std::vector<rocksdb::ColumnFamilyDescriptor>{};
  for (const auto& name : names)
    wanted.emplace_back(name, family_options(name, options));
  rocksdb::DB* db = nullptr;
  auto status = options.read_only
                  ? rocksdb::DB::OpenForReadOnly(
                    database_options(options), options.folder.string(), wanted,
                    &in.families, &db)
                  : rocksdb::DB::Open(
                    database_options(options), options.folder.string(), wanted,
                    &in.families, &db);
  in.db.reset(db);
  return status;
}

void name_families(database& in) {
  for (auto* family : in.families) {
    const auto& name = family->GetName();
    if (name == "log") in.log = family;
    if (name == "state") in.state = family;
    if (name == "topology") in.topology = family;
    if (name == "meta") in.meta = family;
    if (name == added_family) in.pieces = family;
  }
}

result<std::string> drawn_id() {
  auto id = std::string(16, '\0');
  if (::getentropy(id.data(), id.size()) == 0) return id;
  return error{
    errc::cannot_create, "cannot make a new store: the system gives no random "
                         "numbers; see that /dev/urandom is there"};
}

result<void> write_format(database& in) {
  auto id = drawn_id();
  if (!id) return id.error();
  auto batch = rocksdb::WriteBatch{};
  auto format = std::string{};
  put(format, known_format);
  batch.Put(in.meta, to_slice(meta_key::format), seal(format));
  batch.Put(in.meta, to_slice(meta_key::store_id), seal(*id));
  auto options = rocksdb::WriteOptions{};
  options.sync = true;
  auto status = in.db->Write(options, &batch);
  if (!status.ok()) return to_error(status, "cannot make a new store");
  return {};
}

bool is_empty(const database& in, rocksdb::ColumnFamilyHandle* family) {
  auto keys = std::unique_ptr<rocksdb::Iterator>{
    in.db->NewIterator(rocksdb::ReadOptions{}, family)};
  keys->SeekToFirst();
  return !keys->Valid() && keys->status().ok();
}

/// Makes sure of the format, and writes it where the store is new: a process
/// may have ended between making the families and this.
result<void> check_format(database& in, const store_options& options) {
  auto stored = value_of(in, in.meta, to_slice(meta_key::format));
  if (!stored) return stored.error();
  if (!*stored) {
    auto is_new = is_empty(in, in.meta) && is_empty(in, in.log);
    if (is_new && !options.read_only) return write_format(in);
    return damaged(options, "it does not say which format it has");
  }
  auto format = unseal(**stored);
  if (!format || format->size() < sizeof known_format)
    return damaged(options, "its format cannot be read");
  if (load<std::uint32_t>(format->data()) > known_format) return newer(options);
  return {};
}

} // namespace

database::~database() {
  for (auto* family : families) db->DestroyColumnFamilyHandle(family);
}

result<std::unique_ptr<database>> database::open(const store_options& options) {
  if (auto made = prepare_folder(options); !made) return made.error();
  auto opened = std::make_unique<database>();
  auto lock = folder_lock::take(options.folder);
  if (!lock) return lock.error();
  opened->lock = std::move(*lock);
  auto names = stored_families(options);
  if (!names) return names.error();
  if (!options.read_only)
    names->assign(known_families.begin(), known_families.end());
  auto status = open_families(*opened, options, *names);
  if (!status.ok()) return cannot_open(options, status);
  name_families(*opened);
  if (opened->families.size() < known_families.size() - !opened->pieces)
    return damaged(options, "a column family is missing");
  if (auto known = check_format(*opened, options); !known) return known.error();
  return opened;
}

result<std::optional<std::string>> value_of(
  const database& in,
  rocksdb::ColumnFamilyHandle* family,
  const rocksdb::Slice& key,
  const rocksdb::Snapshot* as_of) {
  auto value = std::string{};
  auto options = rocksdb::ReadOptions{};
  options.snapshot = as_of;
  auto status = in.db->Get(options, family, key, &value);
  if (status.IsNotFound()) return std::optional<std::string>{};
  if (!status.ok())
    return to_error(status, "cannot read from '" + family->GetName() + "'");
  return std::optional{std::move(value)};
}

error to_error(const rocksdb::Status& status, std::string what) {
  auto text = std::move(what) + ": " + status.ToString();
  if (status.IsCorruption())
    return {
      errc::corrupt, text + "; `troupe storage verify` lists what is damaged"};
  return {errc::storage_failed, text + "; check the disk and its free space"};
}

} // namespace troupe
