#pragma once

#include <troupe/main.hpp>

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

// The program's own main, run by a test.

namespace troupe::test {

/// Takes what is printed, for as long as it is there.
class taken_output {
public:
  explicit taken_output(std::ostream& from)
    : from_{from}, before_{from.rdbuf(text_.rdbuf())} {}
  taken_output(const taken_output&) = delete;
  taken_output& operator=(const taken_output&) = delete;
  ~taken_output() { from_.rdbuf(before_); }

  std::string text() const { return text_.str(); }

private:
  std::ostream& from_;
  std::ostringstream text_;
  std::streambuf* before_;
};

/// How a run ended, and what it printed.
struct main_outcome {
  int code = 0;
  std::string out;
  std::string err;
};

/// Runs `troupe` with these words.
inline main_outcome run_main(std::vector<std::string> words) {
  words.insert(words.begin(), "troupe");
  auto arguments = std::vector<char*>{};
  for (auto& x : words) arguments.push_back(x.data());
  arguments.push_back(nullptr);
  auto out = taken_output{std::cout};
  auto err = taken_output{std::cerr};
  auto code = troupe::main(static_cast<int>(words.size()), arguments.data());
  return {code, out.text(), err.text()};
}

} // namespace troupe::test
