#pragma once

// Includes the parser. Include it nowhere else, so that all of us see the
// same one.

// From its header: the library that comes with it may stop on assertions.
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1

// The parser asserts what a malformed text can break, `[{` for one, and then
// faults it properly. A bad file must not end the program.
#undef TOML_ASSERT
#define TOML_ASSERT(claim) static_assert(true)

#include <toml++/impl/preprocessor.h>

#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(claim) static_assert(true)

#include <toml++/toml.h>
