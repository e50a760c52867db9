#pragma once

namespace troupe {

/// Runs the whole command line with the registered handlers in it: an own
/// program is `int main(int argc, char** argv) { return troupe::main(argc,
/// argv); }`. Returns the process's exit code.
int main(int argc, char** argv);

} // namespace troupe
