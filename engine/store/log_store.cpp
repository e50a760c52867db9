#include "engine/store/log_store.hpp"

#include "engine/store/log_store_parts.hpp"

#include <cstdio>
#include <unistd.h>

namespace troupe {

namespace {

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  auto text = std::string{};
  for (unsigned char c : bytes) {
    text += digits[c >> 4];
    text += digits[c & 15];
  }
  return text;
}

result<std::string> stored_id(const database& in) {
  auto sealed = value_of(in, in.meta, to_slice(meta_key::store_id));
  if (!sealed) return sealed.error();
  auto bytes = std::move(*sealed).value_or("");
  auto id = unseal(bytes);
  if (!id)
    return error{
      errc::corrupt, "the store's id is damaged; restore a copy of the store"};
  return to_hex(*id);
}

result<void> draw(std::uint64_t& number) {
  if (::getentropy(&number, sizeof number) == 0) return {};
  return error{
    errc::storage_failed, "the system gives no random numbers; see that "
                          "/dev/urandom is there"};
}

std::uint64_t bytes_in(const std::filesystem::path& folder) {
  auto total = std::uint64_t{0};
  auto failed = std::error_code{};
  auto files = std::filesystem::directory_iterator{folder, failed};
  for (; !failed && files != std::filesystem::directory_iterator{};
       files.increment(failed)) {
    auto gone = std::error_code{}; // between the listing and the look
    auto size = files->file_size(gone);
    if (!gone) total += size;
  }
  return total;
}

std::uint64_t bytes_held(const database& in) {
  auto total = std::uint64_t{0};
  for (auto* family : in.families)
    for (const auto* name :
         {"rocksdb.size-all-mem-tables", "rocksdb.block-cache-usage",
          "rocksdb.estimate-table-readers-mem"}) {
      auto bytes = std::uint64_t{0};
      if (in.db->GetIntProperty(family, name, &bytes)) total += bytes;
    }
  return total;
}

error broken(log_place place, const std::string& how) {
  return {
    errc::corrupt, place_text(place) + " is damaged: " + how
                     + "; `troupe storage verify` lists all that is"};
}

/// Names the entry that stopped a walk behind `from`.
error stopped(
  const database& in,
  log_place from,
  log_index last,
  const rocksdb::Status& status) {
  if (auto index = first_unreadable(in, from, last))
    return to_error(status, "cannot read " + place_text({from.group, *index}));
  return to_error(status, "cannot read past " + place_text(from));
}

} // namespace

// -- opening

result<std::unique_ptr<log_store>>
log_store::open(const store_options& options) {
  auto opened = database::open(options);
  if (!opened) return opened.error();
  auto id = stored_id(**opened);
  if (!id) return id.error();
  auto all = std::make_unique<parts>(options);
  all->db = std::move(*opened);
  if (auto drawn = draw(all->drawn); !drawn) return drawn.error();
  if (auto done = all->finish_installs(); !done) return done.error();
  auto last = stored_last_indexes(*all->db);
  if (!last) return last.error();
  for (std::size_t i = 0; i < last->size(); ++i) {
    all->last_index[i] = (*last)[i];
    all->first_index[i] = 1;
  }
  return std::unique_ptr<log_store>{
    new log_store{std::move(all), std::move(*id)}};
}

log_store::log_store(std::unique_ptr<parts> all, std::string store_id)
  : parts_{std::move(all)}, store_id_{std::move(store_id)} {}

log_store::~log_store() = default;

void log_store::parts::raise_first(group_id group, log_index index) {
  auto& known = first(group);
  auto now = known.load();
  while (now < index && !known.compare_exchange_weak(now, index)) {
  }
}

error log_store::parts::counted(error e) {
  if (e.code == errc::corrupt) ++checksum_errors;
  return e;
}

// -- reading

result<log_entry> log_store::read(log_place place) const {
  const auto& db = *parts_->db;
  auto value = value_of(db, db.log, log_key(place));
  if (!value) {
    auto failed = value.error();
    failed.detail = "cannot read " + place_text(place) + ": " + failed.detail;
    return parts_->counted(std::move(failed));
  }
  if (!*value)
    return error{errc::not_found, place_text(place) + " is not stored"};
  auto entry = decode(std::move(**value));
  if (!entry) return parts_->counted(broken(place, entry.error().detail));
  return entry;
}

result<void> log_store::scan(
  group_id group,
  const std::function<result<void>(log_index, log_entry&&)>& visit) const {
  // Read before the walk begins: what comes later is not in it.
  auto last = parts_->last(group).load();
  auto from = parts_->first(group).load();
  auto reader = group_reader{*parts_->db, group, from};
  auto is_first = true;
  for (; reader.is_at_entry(); reader.next()) {
    auto place = reader.place();
    if (!place)
      return parts_->counted(
        broken({group, from}, "a key behind it is not one of the log"));
    if (std::exchange(is_first, false))
      parts_->raise_first(group, place->index);
    auto value = reader.value();
    if (is_noop(value)) continue;
    auto entry = decode(std::move(value));
    if (!entry) return parts_->counted(broken(*place, entry.error().detail));
    if (auto seen = visit(place->index, std::move(*entry)); !seen) return seen;
    from = place->index + 1;
  }
  if (auto status = reader.status(); !status.ok())
    return parts_->counted(stopped(*parts_->db, {group, from}, last, status));
  if (is_first) parts_->raise_first(group, last + 1);
  return {};
}

log_index log_store::last_index(group_id group) const {
  return parts_->last(group);
}

// -- figures

bool log_store::is_low_on_space() const { return parts_->space.is_low(); }

store_figures log_store::figures() const {
  auto made = store_figures{};
  made.bytes_on_disk = bytes_in(parts_->options.folder);
  made.bytes_in_memory = bytes_held(*parts_->db);
  made.commits = parts_->commits;
  made.fsyncs = parts_->fsyncs;
  made.entries_appended = parts_->appended;
  made.entries_erased = parts_->erased;
  made.bytes_written = parts_->bytes_written;
  made.checksum_errors = parts_->checksum_errors;
  return made;
}

} // namespace troupe
