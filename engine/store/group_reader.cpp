#include "engine/store/group_reader.hpp"

#include "engine/store/entry_codec.hpp"

namespace troupe {

group_reader::group_reader(const database& in, group_id group, log_index from)
  : group_{group} {
  auto options = rocksdb::ReadOptions{};
  options.fill_cache = false;
  if (group != group_id{255}) {
    end_key_ = group_key(
      group_id{static_cast<std::uint8_t>(static_cast<unsigned>(group) + 1)});
    end_ = to_slice(end_key_);
    options.iterate_upper_bound = &end_;
  }
  entries_.reset(in.db->NewIterator(options, in.log));
  seek(from);
}

void group_reader::seek(log_index from) {
  entries_->Seek(log_key({group_, from}));
}

std::optional<log_place> group_reader::place() const {
  return parse_log_key(entries_->key().ToStringView());
}

std::optional<log_index>
first_unreadable(const database& in, log_place from, log_index last) {
  auto value = rocksdb::PinnableSlice{};
  for (auto index = from.index; index <= last; ++index) {
    auto key = log_key({from.group, index});
    auto status = in.db->Get(rocksdb::ReadOptions{}, in.log, key, &value);
    if (!status.ok() && !status.IsNotFound()) return index;
    value.Reset();
  }
  return {};
}

result<last_indexes> stored_last_indexes(const database& in) {
  auto found = last_indexes{};
  for (unsigned group = 0; group < found.size(); ++group) {
    auto key = meta_key::last_index(group_id{static_cast<std::uint8_t>(group)});
    auto stored = value_of(in, in.meta, key);
    if (!stored) return stored.error();
    if (!*stored) continue;
    auto value = unseal(**stored);
    if (!value || value->size() != sizeof(log_index))
      return error{
        errc::corrupt, "the last index of group " + std::to_string(group)
                         + " is damaged; restore a copy of the store"};
    found[group] = load<log_index>(value->data());
  }
  return found;
}

} // namespace troupe
