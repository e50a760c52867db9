#include "engine/store/entry_codec.hpp"

#include "engine/base/crc32c.hpp"
#include "engine/store/field_reader.hpp"
#include "engine/store/field_writer.hpp"

namespace troupe {

namespace {

constexpr std::uint64_t single_node_epoch = 1;
constexpr std::size_t crc_bytes = sizeof(std::uint32_t);

error wrong(std::string detail) { return {errc::corrupt, std::move(detail)}; }

void write_crc(std::string& head, std::string_view body) {
  auto sum = crc32c(std::string_view{head}.substr(crc_bytes));
  sum = crc32c(body, sum);
  std::memcpy(head.data(), &sum, crc_bytes);
}

// Kinds count from 1 in the order of `log_entry`, then again for those with
// more fields.
constexpr std::size_t kinds = std::variant_size_v<log_entry>;

bool has_more(const publish_entry& x) {
  return x.has_expirations || x.is_delayed;
}
bool has_more(const settle_entry& x) { return !x.requeued.empty(); }
bool has_more(const checkpoint_entry& x) {
  return x.lent_to > 0 || !x.deliveries.empty() || !x.seen.empty();
}

std::uint8_t kind_of(const log_entry& entry) {
  auto more = std::visit([](const auto& x) { return has_more(x); }, entry);
  return static_cast<std::uint8_t>(entry.index() + 1 + (more ? kinds : 0));
}

template <class Entry>
result<log_entry>
decode_as(std::string value, std::size_t payload_at, bool has_more) {
  auto made = log_entry{Entry{}};
  auto in = field_reader{std::string_view{value}.substr(payload_at)};
  fields(in, std::get<Entry>(made));
  if (has_more) more_fields(in, std::get<Entry>(made));
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

encoded_entry encode(const log_entry& entry) {
  auto made = encoded_entry{};
  put(made.head, std::uint32_t{0}); // the checksum, once the rest is there
  put(made.head, single_node_epoch);
  auto kind = kind_of(entry);
  put(made.head, kind);
  auto out = field_writer{made.head};
  std::visit(
    [&](const auto& x) {
      fields(out, x);
      if (kind > kinds) more_fields(out, x);
    },
    entry);
  made.body = out.body();
  write_crc(made.head, made.body ? made.body->bytes() : std::string_view{});
  return made;
}

result<log_entry> decode(std::string value) {
  auto unsealed = unseal(value);
  if (!unsealed) return unsealed.error();
  auto in = byte_reader{*unsealed};
  in.take<std::uint64_t>(); // the epoch: nothing on one node depends on it
  auto kind = in.take<std::uint8_t>();
  auto payload_at = value.size() - in.rest().size();
  auto more = kind > kinds;
  switch (more ? kind - kinds : kind) {
    case 1: return decode_as<publish_entry>(std::move(value), payload_at, more);
    case 2: return decode_as<settle_entry>(std::move(value), payload_at, more);
    case 3:
      return decode_as<checkpoint_entry>(std::move(value), payload_at, more);
  }
  return wrong("it is of no known kind");
}

std::string seal(std::string_view value) {
  auto sealed = std::string{};
  sealed.reserve(crc_bytes + value.size());
  put(sealed, crc32c(value));
  return sealed.append(value);
}

result<std::string_view> unseal(std::string_view sealed) {
  if (sealed.size() < crc_bytes) return wrong("it is cut short");
  auto value = sealed.substr(crc_bytes);
  if (crc32c(value) != load<std::uint32_t>(sealed.data()))
    return wrong("its checksum does not fit");
  return value;
}

std::string encode(const queue_record& record) {
  auto bytes = std::string{};
  auto out = field_writer{bytes};
  fields(out, record);
  return seal(bytes);
}

result<queue_record> decode_queue_record(std::string_view value) {
  auto unsealed = unseal(value);
  if (!unsealed) return unsealed.error();
  auto made = queue_record{};
  auto in = field_reader{*unsealed};
  fields(in, made);
  if (!in.is_done()) return wrong("its fields do not fit its length");
  return made;
}

} // namespace troupe
