#pragma once

#include <troupe/context.hpp>
#include <troupe/handler.hpp>
#include <troupe/main.hpp>
#include <troupe/message.hpp>
#include <troupe/outcome.hpp>
#include <troupe/registry.hpp>
