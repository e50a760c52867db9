#include "engine/store/log_store.hpp"
#include "tests/bench/limits.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/traffic.hpp"

#include <stdexcept>

using namespace troupe;
using namespace troupe::bench;

namespace {

// Long enough for RocksDB to write its memory out and to merge what it wrote.
constexpr int commits = 4000;

batch_ptr full_batch() {
  return traffic{}.next(batch::most_bytes / body_bytes);
}

commit_request publish(position first, const batch_ptr& messages, bool sync) {
  auto entry = publish_entry{};
  entry.queue = queue_id{1};
  entry.first = first;
  entry.messages = messages;
  auto request = commit_request{};
  request.appends.push_back({group_id{0}, encode(entry)});
  request.sync = sync;
  return request;
}

/// Commits batches one by one, and erases each one 64 commits later, as a
/// queue does whose consumers keep up. Returns messages a second.
double committed_messages(bool sync) {
  const auto folder = bench_folder{};
  auto options = store_options{};
  options.folder = folder.path();
  auto store = log_store::open(options).value();
  auto messages = full_batch();
  auto written = std::vector<log_index>{};
  auto time = seconds([&] {
    for (std::size_t i = 0; i < commits; ++i) {
      auto request = publish(i * messages->size() + 1, messages, sync);
      if (i >= 64) request.erases.push_back({group_id{0}, written[i - 64]});
      written.push_back(store->commit(request).value().at(0));
    }
  });
  return static_cast<double>(commits * messages->size()) / time;
}

double limit_of(bool sync) {
  if (!sync) return copied_bytes() / body_bytes;
  const auto folder = bench_folder{};
  auto block = full_batch()->bytes().size();
  return synced_writes(folder.path(), block) * static_cast<double>(block)
         / body_bytes;
}

void report(const arguments& asked, const char* what, bool sync) {
  if (!asked.wants(what)) return;
  auto [value, limit] = measure(
    asked.repetitions, [&] { return committed_messages(sync) / 1e6; },
    [&] { return limit_of(sync) / 1e6; });
  print({what, value, "M msg/s", sync ? "fdatasync a batch" : "memcpy", limit});
}

} // namespace

int main(int argc, char** argv) {
  const auto asked = arguments{argc, argv};
  report(asked, "store, 64 KiB commits, fsync each", true);
  report(asked, "store, 64 KiB commits, no fsync", false);
}
