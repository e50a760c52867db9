#pragma once

#include "engine/message/batch.hpp"

#include <troupe/message.hpp>

#include <string>

namespace troupe {

/// Returns a draft's headers (as long strings), message id and content type as
/// AMQP encodes them. What is empty is left out; names of headers, the id and
/// the type are cut at 255 bytes.
std::string encode_properties(const draft& from);

/// Appends a draft to a batch, under no exchange.
void add(batch_builder& to, const draft& from);

} // namespace troupe
