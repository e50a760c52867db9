#include "engine/source/stream_input.hpp"
#include "tests/engine/source/source_folder.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

using namespace troupe;
using namespace troupe::test;
using texts = std::vector<std::string>;

namespace {

/// A pipe, and an input at its end.
class piped {
public:
  explicit piped(record_kind kind = record_kind::lines) {
    if (::pipe(ends_) != 0) throw std::runtime_error{"no pipe"};
    auto options = input_options{};
    options.kind = kind;
    input = std::make_unique<stream_input>(ends_[0], std::move(options));
  }
  piped(const piped&) = delete;
  piped& operator=(const piped&) = delete;
  ~piped() {
    close();
    ::close(ends_[0]);
  }

  /// Little enough that the pipe takes it at once.
  void write(std::string_view text) {
    REQUIRE(
      ::write(ends_[1], text.data(), text.size())
      == static_cast<ssize_t>(text.size()));
  }

  void close() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

  std::unique_ptr<record_input> input;

private:
  int ends_[2];
};

} // namespace

TEST_CASE("stream_input: does not wait for a batch to fill", "[source]") {
  auto pipe = piped{};
  pipe.write("one\ntwo\nthr");
  auto made = pipe.input->next().value();
  REQUIRE(made.messages);
  CHECK(made.messages->size() == 2);
  CHECK_FALSE(made.is_resumable);
  CHECK_FALSE(made.at_end);
  pipe.write("ee\n");
  made = pipe.input->next().value();
  REQUIRE(made.messages);
  CHECK((*made.messages)[0].body() == "three");
}

TEST_CASE("stream_input: nothing yet is not the end", "[source]") {
  auto pipe = piped{};
  auto made = pipe.input->next().value();
  CHECK_FALSE(made.messages);
  CHECK_FALSE(made.at_end);
}

TEST_CASE("stream_input: ends with what is left", "[source]") {
  auto pipe = piped{};
  pipe.write("one\ntwo");
  pipe.close();
  CHECK(read_all(*pipe.input).bodies == texts{"one", "two"});
  CHECK(pipe.input->next().value().at_end);
}

TEST_CASE("stream_input: a fault comes after what was before", "[source]") {
  auto pipe = piped{record_kind::json};
  pipe.write("[1,{");
  pipe.close();
  auto all = read_all(*pipe.input);
  CHECK(all.bodies == texts{"1"});
  CHECK(
    all.fault.detail
    == "standard input, record 2 (at byte 3): the input ends at byte 4, within "
       "this element; is it whole?");
}
