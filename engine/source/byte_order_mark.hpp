#pragma once

#include <string_view>

namespace troupe {

/// What may stand before a text in UTF-8, and is no part of it.
inline constexpr auto byte_order_mark = std::string_view{"\xef\xbb\xbf"};

} // namespace troupe
