#pragma once

#include "engine/store/log_store.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

// A folder that is removed afterwards, and entries to put in it.

namespace troupe::test {

class temp_folder {
public:
  temp_folder() {
    auto name = (std::filesystem::temp_directory_path() / "store-XXXXXX");
    auto text = name.string();
    REQUIRE(::mkdtemp(text.data()) != nullptr);
    path_ = text;
  }

  temp_folder(const temp_folder&) = delete;
  temp_folder& operator=(const temp_folder&) = delete;

  ~temp_folder() {
    auto ignored = std::error_code{};
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

constexpr auto group = group_id{5};

inline store_options options_in(const std::filesystem::path& folder) {
  auto made = store_options{};
  made.folder = folder;
  return made;
}

/// What stays the same in each: `text` in `count` messages to queue 7.
inline publish_entry
published(position first, const std::string& text, std::size_t count = 1) {
  auto builder = batch_builder{};
  for (std::size_t i = 0; i < count; ++i)
    builder.add(message{"shop", "key", {}, text});
  auto made = publish_entry{};
  made.queue = queue_id{7};
  made.first = first;
  made.published_at = time_point{duration{1'767'323'045'678}};
  made.publisher = "orders.in";
  made.last_sequence = first;
  made.messages = builder.take();
  return made;
}

inline append append_to(group_id group, const log_entry& entry) {
  return {group, encode(entry)};
}

inline commit_request appending(group_id group, const log_entry& entry) {
  auto made = commit_request{};
  made.appends.push_back(append_to(group, entry));
  return made;
}

inline std::string first_body(const log_entry& entry) {
  return std::string{(*std::get<publish_entry>(entry).messages)[0].body()};
}

/// The indexes and first bodies of a group of publish entries.
inline std::vector<std::pair<log_index, std::string>>
stored_in(const log_store& store, group_id group) {
  auto found = std::vector<std::pair<log_index, std::string>>{};
  auto done =
    store.scan(group, [&](log_index index, log_entry&& entry) -> result<> {
      found.emplace_back(index, first_body(entry));
      return {};
    });
  if (!done) FAIL(done.error().detail);
  return found;
}

/// The files of a folder with this ending.
inline std::vector<std::filesystem::path>
files_in(const std::filesystem::path& folder, const std::string& ending) {
  auto found = std::vector<std::filesystem::path>{};
  for (const auto& file : std::filesystem::directory_iterator{folder})
    if (file.path().extension() == ending) found.push_back(file.path());
  return found;
}

/// Changes one byte where `text` first stands in the file.
inline bool
flip_byte_at(const std::filesystem::path& file, const std::string& text) {
  auto stream =
    std::fstream{file, std::ios::in | std::ios::out | std::ios::binary};
  auto all = std::string{std::istreambuf_iterator<char>{stream}, {}};
  auto at = all.find(text);
  if (at == std::string::npos) return false;
  stream.clear();
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(static_cast<char>(text[0] ^ 0x20));
  return true;
}

} // namespace troupe::test
