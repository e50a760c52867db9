#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/make_message.hpp>

/// Makes a type a message between actors. None leaves the process, so they
/// carry pointers and are never serialised.
#define TROUPE_LOCAL(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::type)
