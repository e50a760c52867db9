#include "engine/access/base64.hpp"
#include "engine/coordinator/etcd_codec.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <set>

// etcd_codec: what is asked. Keys and values are base64, numbers of 64 bits
// are text, so that nothing needs an escape.

namespace troupe {

namespace {

std::string json_bytes(std::string_view bytes) {
  return '"' + to_base64(bytes) + '"';
}

template <class Number>
std::string number(Number value) {
  return '"' + std::to_string(value) + '"';
}

// The first key after all that begin with `prefix`; "\0" means no end.
std::string end_of(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');
  ++prefix.back();
  return prefix;
}

std::string key_range(const std::string& prefix) {
  auto first = prefix.empty() ? std::string(1, '\0') : prefix;
  return "\"key\":" + json_bytes(first)
         + ",\"range_end\":" + json_bytes(end_of(prefix));
}

std::string join(const std::vector<std::string>& parts) {
  auto out = std::string{"["};
  for (const auto& part : parts) {
    if (out.size() > 1) out += ',';
    out += part;
  }
  return out + ']';
}

std::string compare(const expectation& what) {
  return "{\"key\":" + json_bytes(what.key)
         + ",\"target\":\"MOD\",\"result\":\"EQUAL\",\"mod_revision\":"
         + number(what.changed) + '}';
}

std::string put(const put_value& what, session_id under) {
  auto lease = under == session_id::none
                 ? std::string{}
                 : ",\"lease\":" + number(static_cast<std::int64_t>(under));
  return "{\"request_put\":{\"key\":" + json_bytes(what.key)
         + ",\"value\":" + json_bytes(what.value) + lease + "}}";
}

std::string erase(const std::string& key) {
  return "{\"request_delete_range\":{\"key\":" + json_bytes(key) + "}}";
}

std::string read(const std::string& key) {
  return "{\"request_range\":{\"key\":" + json_bytes(key) + "}}";
}

std::vector<std::string> writes(const txn_request& what) {
  auto out = std::vector<std::string>{};
  for (const auto& x : what.puts) out.push_back(put(x, what.under));
  for (const auto& x : what.erases) out.push_back(erase(x));
  return out;
}

} // namespace

std::string range_json(const std::string& prefix) {
  return '{' + key_range(prefix) + '}';
}

std::string txn_json(const txn_request& what) {
  auto compares = std::vector<std::string>{};
  auto keys = std::set<std::string>{};
  for (const auto& x : what.expects) {
    compares.push_back(compare(x));
    keys.insert(x.key);
  }
  auto reads = std::vector<std::string>{};
  for (const auto& key : keys) reads.push_back(read(key));
  return "{\"compare\":" + join(compares) + ",\"success\":" + join(writes(what))
         + ",\"failure\":" + join(reads) + '}';
}

std::string watch_json(const std::string& prefix, revision after) {
  return "{\"create_request\":{" + key_range(prefix)
         + ",\"start_revision\":" + number(after + 1) + "}}";
}

std::string grant_json(std::chrono::seconds ttl) {
  return "{\"TTL\":" + number(ttl.count()) + '}';
}

std::string lease_json(session_id lease) {
  return "{\"ID\":" + number(static_cast<std::int64_t>(lease)) + '}';
}

std::string member_json(std::uint64_t member) {
  return "{\"ID\":" + number(member) + '}';
}

std::string new_member_json(const std::string& peer_url) {
  return "{\"peerURLs\":["
         + boost::json::serialize(boost::json::string{peer_url}) + "]}";
}

} // namespace troupe
