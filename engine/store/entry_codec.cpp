#include "engine/store/entry_codec.hpp"

#include "engine/base/crc32c.hpp"
#include "engine/store/field_reader.hpp"
#include "engine/store/field_writer.hpp"

namespace troupe {

namespace {

constexpr std::size_t kind_at = crc32c_bytes + sizeof(std::uint64_t);

enum class kind : std::uint8_t {
  publish = 1,
  settle,
  checkpoint,
  publish_more, // with the fields that most do not need
  settle_more,
  checkpoint_more,
  noop,
  checkpoint_erasing,
};

error wrong(std::string detail) { return {errc::corrupt, std::move(detail)}; }

encoded_entry begin(std::uint64_t epoch) {
  auto made = encoded_entry{};
  put(made.head, std::uint32_t{0}); // the checksum, once the rest is there
  put(made.head, epoch);
  return made;
}

void write_crc(std::string& head, std::string_view body) {
  auto sum = crc32c(std::string_view{head}.substr(crc32c_bytes));
  sum = crc32c(body, sum);
  std::memcpy(head.data(), &sum, crc32c_bytes);
}

kind kind_of(const publish_entry& x) {
  auto has_more = x.has_expirations || x.is_delayed;
  return has_more ? kind::publish_more : kind::publish;
}
kind kind_of(const settle_entry& x) {
  return x.requeued.empty() ? kind::settle : kind::settle_more;
}
kind kind_of(const checkpoint_entry& x) {
  if (!x.erases.empty()) return kind::checkpoint_erasing;
  auto has_more = x.lent_to > 0 || !x.deliveries.empty() || !x.seen.empty();
  return has_more ? kind::checkpoint_more : kind::checkpoint;
}

/// Walks the fields that an entry of this kind has.
template <class Visitor, class Entry>
void fields_of(Visitor& visit, Entry& x, kind as) {
  fields(visit, x);
  if (as == kind::checkpoint_erasing) {
    if constexpr (same_but_const<Entry, checkpoint_entry>)
      erasing_fields(visit, x);
  } else if (as >= kind::publish_more) {
    more_fields(visit, x);
  }
}

template <class Entry>
result<log_entry>
decode_as(std::string value, std::size_t payload_at, kind as) {
  auto made = log_entry{Entry{}};
  auto in = field_reader{std::string_view{value}.substr(payload_at)};
  fields_of(in, std::get<Entry>(made), as);
  auto* wanted = in.rest_wanted_by();
  if (!in.ok() || (wanted == nullptr && !in.is_done()))
    return wrong("its fields do not fit its length");
  if (wanted == nullptr) return made;
  value.erase(0, value.size() - in.rest().size());
  auto messages = batch::decode(std::move(value));
  if (!messages) return messages.error();
  *wanted = *messages;
  return made;
}

} // namespace

encoded_entry encode(const log_entry& entry, std::uint64_t epoch) {
  auto made = begin(epoch);
  auto out = field_writer{made.head};
  std::visit(
    [&](const auto& x) {
      auto as = kind_of(x);
      put(made.head, static_cast<std::uint8_t>(as));
      fields_of(out, x, as);
    },
    entry);
  made.body = out.body();
  write_crc(made.head, made.body ? made.body->bytes() : std::string_view{});
  return made;
}

encoded_entry encode_noop(std::uint64_t epoch) {
  auto made = begin(epoch);
  put(made.head, static_cast<std::uint8_t>(kind::noop));
  write_crc(made.head, {});
  return made;
}

std::uint64_t epoch_of(std::string_view value) {
  return value.size() < kind_at
           ? 0
           : load<std::uint64_t>(value.data() + crc32c_bytes);
}

bool is_noop(std::string_view value) {
  return value.size() == kind_at + 1
         && kind{static_cast<std::uint8_t>(value[kind_at])} == kind::noop;
}

result<entry_effects> effects_of(const std::string& value) {
  auto none = entry_effects{};
  if (value.size() <= kind_at) return wrong("it is cut short");
  auto as = kind{static_cast<std::uint8_t>(value[kind_at])};
  if (as == kind::publish || as == kind::publish_more || as == kind::noop)
    return none;
  auto entry = decode(value);
  if (!entry) return entry.error();
  if (auto* x = std::get_if<settle_entry>(&*entry))
    return entry_effects{{}, std::move(x->changes), x->queue == no_queue};
  if (auto* x = std::get_if<checkpoint_entry>(&*entry))
    return entry_effects{std::move(x->erases), {}, x->queue == no_queue};
  return none;
}

result<log_entry> decode(std::string value) {
  auto unsealed = unseal(value);
  if (!unsealed) return unsealed.error();
  auto in = byte_reader{*unsealed};
  in.take<std::uint64_t>(); // the epoch: nothing on one node depends on it
  auto as = kind{in.take<std::uint8_t>()};
  auto at = value.size() - in.rest().size();
  switch (as) {
    case kind::publish:
    case kind::publish_more:
      return decode_as<publish_entry>(std::move(value), at, as);
    case kind::settle:
    case kind::settle_more:
      return decode_as<settle_entry>(std::move(value), at, as);
    case kind::checkpoint:
    case kind::checkpoint_more:
    case kind::checkpoint_erasing:
      return decode_as<checkpoint_entry>(std::move(value), at, as);
    case kind::noop: return wrong("it only begins an epoch");
  }
  return wrong("it is of no known kind");
}

std::string seal(std::string_view value) {
  auto sealed = std::string{};
  sealed.reserve(crc32c_bytes + value.size());
  put(sealed, crc32c(value));
  return sealed.append(value);
}

result<std::string_view> unseal(std::string_view sealed) {
  if (sealed.size() < crc32c_bytes) return wrong("it is cut short");
  auto value = sealed.substr(crc32c_bytes);
  if (crc32c(value) != load<std::uint32_t>(sealed.data()))
    return wrong("its checksum does not fit");
  return value;
}

// -- other values

namespace {

template <class T>
std::string encode_fields(const T& from) {
  auto bytes = std::string{};
  auto out = field_writer{bytes};
  fields(out, from);
  return seal(bytes);
}

template <class T>
result<T> decode_fields(std::string_view value) {
  auto unsealed = unseal(value);
  if (!unsealed) return unsealed.error();
  auto made = T{};
  auto in = field_reader{*unsealed};
  fields(in, made);
  if (!in.is_done()) return wrong("its fields do not fit its length");
  return made;
}

} // namespace

std::string encode(const queue_record& record) { return encode_fields(record); }

result<queue_record> decode_queue_record(std::string_view value) {
  return decode_fields<queue_record>(value);
}

std::string encode(const replica_mark& mark) { return encode_fields(mark); }

std::string encode(const kept_checkpoint& kept) { return encode_fields(kept); }

result<kept_checkpoint> decode_kept_checkpoint(std::string_view value) {
  return decode_fields<kept_checkpoint>(value);
}

std::string encode(const applied_mark& mark) { return encode_fields(mark); }

result<applied_mark> decode_applied_mark(std::string_view value) {
  return decode_fields<applied_mark>(value);
}

std::string encode(const store_membership& what) { return encode_fields(what); }

result<store_membership> decode_store_membership(std::string_view value) {
  return decode_fields<store_membership>(value);
}

result<replica_mark> decode_replica_mark(std::string_view value) {
  return decode_fields<replica_mark>(value);
}

} // namespace troupe
